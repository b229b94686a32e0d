import type { Finding } from '../protocol/diagnostics.ts';
import { nearest } from '../protocol/nearest.ts';
import type { Manifest, ModuleLoad } from '../protocol/records.ts';

/** The tools that there are, and whether one may yet come. */
export type KnownTools = {
  readonly list: () => readonly { readonly name: string }[];
  readonly mayHave: (name: string) => boolean;
};

/** Which gateway tools a module uses that there are not, or that a tool of its own hides. */
export function toolFindings(
  manifest: Manifest,
  load: Pick<ModuleLoad, 'entry'>,
  tools: KnownTools,
): Finding[] {
  return [...unknownTools(manifest, load, tools), ...hiddenTools(manifest, load)];
}

function unknownTools(
  { gatewayTools = [] }: Manifest,
  load: Pick<ModuleLoad, 'entry'>,
  { list, mayHave }: KnownTools,
): Finding[] {
  const known = list().map(({ name }) => name);
  return gatewayTools
    .filter((name) => !known.includes(name) && !mayHave(name))
    .map((name) => {
      const guess = nearest(name, known);
      return {
        stage: 'load',
        code: 'unknown_gateway_tool',
        severity: 'warning',
        message: `There is no gateway tool "${name}", so the model is not told of it.${guess ? ` Did you mean "${guess}"?` : ''}`,
        file: load.entry,
        hint: `Use one of ${known.join(', ')}, or add it under \`tools\` in gateway.yaml.`,
      };
    });
}

/** A module's own tool wins over the gateway's of its name. */
function hiddenTools(
  { agents, gatewayTools = [] }: Manifest,
  load: Pick<ModuleLoad, 'entry'>,
): Finding[] {
  return agents.flatMap(({ name: agent, tools }) =>
    tools
      .filter(({ name, type }) => type !== 'gateway' && gatewayTools.includes(name))
      .map(({ name }) => ({
        stage: 'load',
        code: 'gateway_tool_hidden',
        severity: 'warning',
        message: `Agent "${agent}" has a tool of its own called "${name}", which is used in place of the gateway's.`,
        file: load.entry,
        hint: 'Give its own tool another name, or leave the one of the gateway out.',
      })),
  );
}
