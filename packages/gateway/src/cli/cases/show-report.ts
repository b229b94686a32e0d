import { showChange } from '../show-change.ts';
import { showFinding } from '../show-findings.ts';
import type { Terminal } from '../terminal.ts';
import { count, terminalWidth, wrap } from '../text-layout.ts';
import type { CaseResult } from './play-cases.ts';
import type { TestReport } from './test-report.ts';

const styles = { passed: 'green', failed: 'red' } as const;

/** Writes what came of a case: its file, and the first difference. */
export function showResult(
  terminal: Terminal,
  { agent, file, result, played, held, difference, error }: CaseResult,
): void {
  const often = played > 1 ? `  held ${held} of ${played} times` : '';
  terminal.line(`${terminal.styled(styles[result], result)}  ${agent}  ${file}${often}`);
  const place = difference?.place ? `${difference.place}: ` : '';
  const told = error ?? (difference && `${place}${difference.message}`);
  if (told === null) return;
  for (const line of wrap(told, terminalWidth - 2)) terminal.line(`  ${line}`.trimEnd());
  for (const change of difference?.changes ?? []) showChange(terminal, change);
}

/** Writes what is to be said after the cases. */
export function showReport(terminal: Terminal, report: TestReport, projectRoot: string): void {
  const { agents, cases, passed, failed, errors } = report;
  if (cases.length > 0) terminal.line('');
  for (const finding of errors) {
    showFinding(terminal, finding, projectRoot);
    terminal.line('');
  }
  for (const { id, status } of agents) {
    if (status === 'failed') terminal.line(`${id} does not load: its cases were not played.`);
  }
  for (const { id } of agents.filter((each) => each.status !== 'failed' && each.cases === 0)) {
    terminal.line(`${id} has no case.`);
  }
  terminal.line(`${count(cases.length, 'case')}: ${passed} passed, ${failed} failed.`);
  if (cases.length > 0) return;
  terminal.note(
    agents.length === 0
      ? `There is no agent in ${projectRoot}. Make one with \`dropgate new <Name>\`.`
      : 'Nothing was tested. Make a case of a recorded run with `dropgate runs to-test <run> --name <name>`, or write one.',
  );
}
