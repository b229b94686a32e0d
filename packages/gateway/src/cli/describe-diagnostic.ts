import type { Diagnostic } from '../protocol/diagnostics.ts';
import { wrap } from './text-layout.ts';

/** What is told of a diagnostic. */
export type Described = Pick<
  Diagnostic,
  | 'agent_id'
  | 'module_path'
  | 'severity'
  | 'message'
  | 'file'
  | 'line'
  | 'column'
  | 'hint'
  | 'serving_generation'
>;

/** A diagnostic in a few lines: where, what, what to do. Paths are as the diagnostic has them. */
export function describeDiagnostic(diagnostic: Described, width: number): string[] {
  const { module_path, line, column, message, hint, agent_id, serving_generation } = diagnostic;
  const file = fileOf(diagnostic);
  const place = [file, ...(file === null ? [] : [line, column])].filter((part) => part !== null);
  const head = place.length > 0 ? place.join(':') : (agent_id ?? module_path ?? 'project');
  return [
    `${diagnostic.severity}: ${head}`,
    ...indented(message, width),
    ...(hint === null ? [] : indented(`→ ${hint}`, width)),
    ...(serving_generation === null
      ? []
      : indented(`Generation ${serving_generation} of ${agent_id} goes on serving.`, width)),
  ];
}

// The file's path is absolute; the module's is what its author knows it by.
function fileOf({ file, module_path }: Described): string | null {
  if (file === null) return module_path;
  return module_path !== null && file.endsWith(`/${module_path}`) ? module_path : file;
}

function indented(text: string, width: number): string[] {
  return wrap(text, width - 2).map((line) => `  ${line}`);
}
