import type { CheckResult } from '../../cases/generic/check-result.ts';
import type { CaseResult } from '../../cases/play-cases.ts';
import { showChange } from '../show-change.ts';
import { showFinding } from '../show-findings.ts';
import type { Terminal } from '../terminal.ts';
import { count, terminalWidth, wrap } from '../text-layout.ts';
import type { TestReport } from './test-report.ts';

const styles = { passed: 'green', failed: 'red', skipped: 'yellow' } as const;

/** Writes what came of checks and cases, as soon as it is known. */
export type ShownResults = {
  readonly check: (result: CheckResult) => void;
  readonly case: (result: CaseResult) => void;
  /** Writes what is still held back. */
  readonly flush: () => void;
};

/** Checks of an agent that are skipped for one reason are written together. */
export function showResults(terminal: Terminal): ShownResults {
  let held: { readonly first: CheckResult; readonly names: string[] } | null = null;
  const flush = () => {
    if (held) showCheck(terminal, held.first, held.names.join(', '));
    held = null;
  };
  return {
    check(result) {
      const { agent, message, check } = result;
      if (held?.first.agent === agent && held.first.message === message) {
        held.names.push(check);
        return;
      }
      flush();
      if (result.result === 'skipped') held = { first: result, names: [check] };
      else showCheck(terminal, result, check);
    },
    case(result) {
      flush();
      showCase(terminal, result);
    },
    flush,
  };
}

function showCheck(terminal: Terminal, { agent, result, message }: CheckResult, names: string) {
  terminal.line(`${terminal.styled(styles[result], result)}  ${agent}  ${names}`);
  if (message !== null) showText(terminal, message);
}

/** With the first difference. */
function showCase(terminal: Terminal, played: CaseResult): void {
  const { agent, file, result, difference, error, skipped } = played;
  const often = played.played > 1 ? `  held ${played.held} of ${played.played} times` : '';
  terminal.line(`${terminal.styled(styles[result], result)}  ${agent}  ${file}${often}`);
  const place = difference?.place ? `${difference.place}: ` : '';
  const told = skipped ?? error ?? (difference && `${place}${difference.message}`);
  if (told === null) return;
  showText(terminal, told);
  for (const change of difference?.changes ?? []) showChange(terminal, change);
}

function showText(terminal: Terminal, text: string): void {
  for (const line of wrap(text, terminalWidth - 2)) terminal.line(`  ${line}`.trimEnd());
}

/** Writes what is to be said after all of them. */
export function showReport(terminal: Terminal, report: TestReport, projectRoot: string): void {
  const { agents, checks, cases, errors } = report;
  if (checks.length + cases.length > 0) terminal.line('');
  for (const finding of errors) {
    showFinding(terminal, finding, projectRoot);
    terminal.line('');
  }
  for (const { id, status } of agents) {
    if (status === 'failed') terminal.line(`${id} does not load: its cases were not played.`);
  }
  terminal.line(sumOf(report));
  if (report.passed + report.failed > 0) return;
  terminal.note(
    agents.length === 0
      ? `There is no agent in ${projectRoot}. Make one with \`dropgate new <Name>\`.`
      : 'Nothing was tested. Make a case of a recorded run with `dropgate runs to-test <run> --name <name>`, or write one.',
  );
}

function sumOf({ checks, cases, passed, failed, skipped }: TestReport): string {
  const parts = [
    ...(checks.length > 0 ? [count(checks.length, 'check')] : []),
    ...(cases.length > 0 || checks.length === 0 ? [count(cases.length, 'case')] : []),
  ];
  const more = skipped > 0 ? `, ${skipped} skipped` : '';
  return `${parts.join(' and ')}: ${passed} passed, ${failed} failed${more}.`;
}
