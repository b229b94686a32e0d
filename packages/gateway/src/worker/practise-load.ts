import { registerHooks } from 'node:module';
import { dirname, join, parse } from 'node:path';
import { pathToFileURL } from 'node:url';
import { isAgent } from './agent-shape.ts';
import { takeBindings } from './facts/bindings.ts';
import { describeAgents } from './load/describe.ts';
import { gatewayPackageUrl } from './load/local-files.ts';
import { installModuleHooks } from './load/module-hooks.ts';
import { isPackage } from './load/resolve-import.ts';
import { importSdkOfModule } from './load/sdk-copy.ts';
import type { SourceFiles } from './load/source-files.ts';

/** What most modules do while they are imported, and the client that each of them gets. Nothing is asked of any server. */
const text = `import { Agent, OpenAIProvider, tool } from '@openai/agents';
import { z } from 'zod';

const parameters: z.ZodType = z.object({ what: z.string(), often: z.number().optional() });
const lookUp = tool({ name: 'look_up', description: 'x', parameters, execute: async () => 'x' });
export const agent = new Agent({ name: 'Practice', instructions: 'x', tools: [lookUp] });

const provider = new OpenAIProvider({ apiKey: 'x', baseURL: 'http://127.0.0.1/v1', useResponses: true });
await provider.getModel('x');
`;

/**
 * Imports a small agent with the gateway's copy of the SDK, in the way of a load: what Node, the parser, the SDK and the
 * loader compile for it the first time, the load that comes has already. Changes nothing else of the process.
 */
export async function practiseLoad(): Promise<void> {
  // No file: nothing lies there, and no packages above it.
  const entry = join(parse(process.cwd()).root, 'dropgate-practice.ts');
  const { href } = pathToFileURL(entry);
  const copies = registerHooks({
    resolve(specifier, context, nextResolve) {
      const isOwn = context.parentURL === href && isPackage(specifier);
      return nextResolve(
        specifier,
        isOwn ? { ...context, parentURL: gatewayPackageUrl } : { ...context },
      );
    },
  });
  const hooks = installModuleHooks(oneFile(entry), { projectRoot: dirname(entry), entry });
  try {
    const { agent } = (await import(href)) as { readonly agent: unknown };
    await importSdkOfModule(hooks.packages);
    if (isAgent(agent)) await describeAgents(agent);
  } finally {
    takeBindings();
    hooks.end();
    copies.deregister();
  }
}

/** As of a kept generation, whose files need not be on disk. */
function oneFile(entry: string): SourceFiles {
  return {
    read: () => text,
    peek: () => text,
    has: (path) => path === entry,
    isKept: true,
    loaded: () => [],
    keep: () => undefined,
  };
}
