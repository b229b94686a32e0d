import type { Config } from '../../config/config.ts';
import { discoverTools, toolsFolder } from '../../registry/discovery/discover-tools.ts';

/** The declaration file, below the project root. */
export const toolTypesPath = 'gateway-tools.d.ts';

/** The first line of such a file, by which it is known. */
const mark =
  '// Written by `dropgate types`, which writes it anew: the names that gatewayTool() completes.';

/** Text of the declarations of gateway tools. */
export function toolTypesFile(names: readonly string[]): string {
  const lines = names.toSorted().map((name) => `    ${keyOf(name)}: true;`);
  return `${mark}
import 'dropgate/agent';

declare module 'dropgate/agent' {
  interface GatewayToolNames {
${lines.join('\n')}
  }
}
`;
}

/** Whether a file is one that `dropgate types` wrote. */
export function isToolTypesFile(text: string): boolean {
  return text.startsWith('// Written by `dropgate types`');
}

/** Names of the tools that settings and modules name; those of servers are not known before these are asked. */
export async function namedTools({
  tools,
  projectRoot,
}: Pick<Config, 'tools' | 'projectRoot'>): Promise<string[]> {
  const set = Object.entries(tools).flatMap(([name, { kind }]) =>
    kind === 'mcp' || kind === 'openapi' ? [] : [name],
  );
  const folder = toolsFolder(projectRoot);
  const { modules } = await discoverTools({ projectRoot, folder, serving: new Map() });
  return [...new Set([...set, ...modules.map(({ name }) => name)])];
}

function keyOf(name: string): string {
  return /^[A-Za-z_]\w*$/.test(name) ? name : `'${name}'`;
}
