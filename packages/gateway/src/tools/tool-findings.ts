import type { Finding } from '../protocol/diagnostics.ts';
import { nearest } from '../protocol/nearest.ts';
import type { Manifest, ModuleLoad } from '../protocol/records.ts';
import { placeOfName } from './tool-place.ts';

/** Codes of what is said here. */
export const toolFindingCodes = ['unknown_gateway_tool', 'gateway_tool_hidden'] as const;

type Loaded = Pick<ModuleLoad, 'entry' | 'folder'>;

type Code = (typeof toolFindingCodes)[number];

/** The tools that there are, and whether one may yet come. */
export type KnownTools = {
  readonly list: () => readonly { readonly name: string }[];
  readonly mayHave: (name: string) => boolean;
};

/** Which gateway tools a module uses that there are not, or that a tool of its own hides, and where it says so. */
export function toolFindings(
  manifest: Manifest,
  load: Loaded,
  tools: KnownTools,
): Promise<Finding[]> {
  const found = [...unknownTools(manifest, tools), ...hiddenTools(manifest)];
  const files = [load.entry, ...manifest.files.map(({ path }) => path)];
  return Promise.all(
    found.map(async ({ name, ...finding }): Promise<Finding> => {
      const place = await placeOfName(name, [...new Set(files)], load.folder);
      const about = { stage: 'load', severity: 'warning' } as const;
      return { ...about, ...finding, ...(place ?? { file: load.entry }) };
    }),
  );
}

/** What is wrong with the use of a tool. */
type Wrong = Pick<Finding, 'message' | 'hint'> & { readonly name: string; readonly code: Code };

function unknownTools({ gatewayTools = [] }: Manifest, { list, mayHave }: KnownTools): Wrong[] {
  const known = list().map(({ name }) => name);
  return gatewayTools
    .filter((name) => !known.includes(name) && !mayHave(name))
    .map((name) => {
      const guess = nearest(name, known);
      return {
        name,
        code: 'unknown_gateway_tool',
        message: `There is no gateway tool "${name}", so the model is not told of it.${guess ? ` Did you mean "${guess}"?` : ''}`,
        hint: `Use one of ${known.join(', ')}, or add it under \`tools\` in gateway.yaml.`,
      };
    });
}

/** A module's own tool wins over the gateway's of its name. */
function hiddenTools({ agents, gatewayTools = [] }: Manifest): Wrong[] {
  return agents.flatMap(({ name: agent, tools }) =>
    tools
      .filter(({ name, type }) => type !== 'gateway' && gatewayTools.includes(name))
      .map(({ name }) => ({
        name,
        code: 'gateway_tool_hidden',
        message: `Agent "${agent}" has a tool of its own called "${name}", which is used in place of the gateway's.`,
        hint: 'Give its own tool another name, or leave the one of the gateway out.',
      })),
  );
}
