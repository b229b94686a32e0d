import { isAbsolute, relative } from 'node:path';
import type { Diagnostic } from '../protocol/diagnostics.ts';
import { describeDiagnostic } from './describe-diagnostic.ts';
import type { Terminal } from './terminal.ts';
import { terminalWidth } from './text-layout.ts';

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
  | 'serving_generation';

const severityStyles = { error: 'red', warning: 'yellow', info: 'dim' } as const;

/** Writes a finding for people: place, message, hint and code frame. Files of the project are shown below its root. */
export function showFinding(terminal: Terminal, finding: ShownFinding, projectRoot: string): void {
  const [head = '', ...lines] = describeDiagnostic(
    {
      agent_id: finding.agent_id ?? null,
      module_path: finding.module_path ?? null,
      severity: finding.severity,
      message: finding.message,
      file: finding.file ? belowRoot(finding.file, projectRoot) : null,
      line: finding.line ?? null,
      column: finding.column ?? null,
      hint: finding.hint ?? null,
      serving_generation: finding.serving_generation ?? null,
    },
    terminalWidth,
  );
  terminal.line(terminal.styled(severityStyles[finding.severity], head));
  for (const line of lines) terminal.line(line);
  for (const line of finding.frame?.split('\n') ?? []) terminal.line(`    ${line}`.trimEnd());
}

/** `1 error`, `2 errors`. */
export function count(many: number, what: string): string {
  return `${many} ${what}${many === 1 ? '' : 's'}`;
}

function belowRoot(file: string, projectRoot: string): string {
  const path = relative(projectRoot, file);
  return path === '' || path.startsWith('..') || isAbsolute(path) ? file : path;
}
