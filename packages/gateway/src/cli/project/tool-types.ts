import type { Config } from '../../config/config.ts';

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

/** Names of the tools that the settings themselves name; those of servers are not known before these are asked. */
export function namedTools({ tools }: Pick<Config, 'tools'>): string[] {
  return Object.entries(tools).flatMap(([name, { kind }]) =>
    kind === 'mcp' || kind === 'openapi' ? [] : [name],
  );
}

function keyOf(name: string): string {
  return /^[A-Za-z_]\w*$/.test(name) ? name : `'${name}'`;
}
