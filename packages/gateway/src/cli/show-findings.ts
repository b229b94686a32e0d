import { isAbsolute, relative } from 'node:path';
import type { Diagnostic } from '../protocol/diagnostics.ts';
import type { Terminal } from './terminal.ts';
import { terminalWidth, wrap } from './text-layout.ts';

/** What is shown of a finding or a diagnostic. */
export type ShownFinding = Pick<Diagnostic, 'severity' | 'message'> & {
  readonly [Field in ShownField]?: Diagnostic[Field] | undefined;
};

type ShownField =
  | 'agent_id'
  | 'module_path'
  | 'file'
  | 'line'
  | 'column'
  | 'frame'
  | 'hint'
  | 'generation'
  | 'replaced'
  | 'serving_generation';

/** How each severity stands out. */
export const severityStyles = { error: 'red', warning: 'yellow', info: 'dim' } as const;

/** Writes a finding for people: place, message, hint and code frame. Files of the project are shown below its root. */
export function showFinding(terminal: Terminal, finding: ShownFinding, projectRoot: string): void {
  const file = finding.file ? belowRoot(finding.file, projectRoot) : null;
  const [head = '', ...lines] = describeFinding({ ...finding, file }, terminalWidth);
  terminal.line(terminal.styled(severityStyles[finding.severity], head));
  for (const line of lines) terminal.line(line);
  for (const line of finding.frame?.split('\n') ?? []) terminal.line(`    ${line}`.trimEnd());
}

/** A finding in a few lines: where, what, what to do. Paths are as the finding has them. */
export function describeFinding(finding: ShownFinding, width: number): string[] {
  const { agent_id, module_path, line, column, hint, serving_generation, replaced } = finding;
  const file = shownFile(finding);
  const place = file === null ? '' : [file, line, column].filter((part) => part != null).join(':');
  const generation = serving_generation ?? null;
  return [
    `${finding.severity}: ${place || (agent_id ?? module_path ?? 'project')}`,
    ...indented(finding.message, width),
    ...(hint ? indented(`→ ${hint}`, width) : []),
    ...(replaced
      ? indented(`Of generation ${finding.generation}, which was replaced.`, width)
      : []),
    ...(generation === null
      ? []
      : indented(`Generation ${generation} of ${agent_id} goes on serving.`, width)),
  ];
}

function belowRoot(file: string, projectRoot: string): string {
  const path = relative(projectRoot, file);
  return path === '' || path.startsWith('..') || isAbsolute(path) ? file : path;
}

// The file's path is absolute; the module's is what its author knows it by.
function shownFile({ file, module_path }: ShownFinding): string | null {
  if (!file) return module_path ?? null;
  return module_path && file.endsWith(`/${module_path}`) ? module_path : file;
}

function indented(text: string, width: number): string[] {
  return wrap(text, width - 2).map((line) => `  ${line}`.trimEnd());
}
