import type { Finding } from '../../../protocol/diagnostics.ts';
import type { TopLevel } from '../../load/choose-agent.ts';
import type { ModuleExports } from '../../load/pick-export.ts';
import type { Place } from '../code-place.ts';

/** What comes near an agent in a module that has none to serve. */
export type MissedExport = Pick<Finding, 'code' | 'message'> & {
  readonly hint: string;
  readonly place: Place | null;
};

/** A module in which something that comes near an agent is looked for. */
export type Source = {
  readonly exports: ModuleExports;
  readonly topLevel: TopLevel;
  readonly text: string;
  /** Name of the entry without folders. */
  readonly file: string;
  readonly exportNames: readonly string[];
};

/** Where an export is declared. */
export function declarationOf(exportName: string): RegExp {
  const name = exportName.replaceAll('$', '\\$');
  return exportName === 'default'
    ? /export default|\bmodule\.exports\s*=/
    : new RegExp(`(?:export\\s+)?(?:async\\s+)?(?:const|let|var|function|class)\\s+${name}\\b`);
}

/** `a`, `b` and `c`, each in code marks. */
export function listed(names: readonly string[]): string {
  const marked = names.map((name) => `\`${name}\``);
  const last = marked.pop() ?? '';
  return marked.length > 0 ? `${marked.join(', ')} and ${last}` : last;
}

/** An export as a sentence begins with it. */
export function shown(exportName: string): string {
  return exportName === 'default' ? 'The default export' : `\`${exportName}\``;
}
