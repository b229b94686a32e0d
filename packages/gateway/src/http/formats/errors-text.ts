import type { DiagnosticPage } from '../../protocol/admin/errors-answer.ts';
import type { Diagnostic } from '../../protocol/diagnostics.ts';
import { shownText } from '../../protocol/text/shown-text.ts';

/** What is wrong, in plain text for people: of each a line that says where and how often, and below it what and what to do. */
export function errorsText({ errors, next }: DiagnosticPage): string {
  if (errors.length === 0) return 'Nothing is wrong.\n';
  const more = next === null ? '' : `There are more: ask with after=${next}.\n`;
  return `${errors.map(textOf).join('\n')}${more === '' ? '' : `\n${more}`}`;
}

function textOf(error: Diagnostic): string {
  const { severity, stage, code, agent_id, module_path, file, line, column } = error;
  const place = [file ?? module_path, line, column].filter((part) => part !== null).join(':');
  const times = error.count === 1 ? 'once' : `${error.count} times`;
  const parts = [
    `${severity}: ${agent_id ?? module_path ?? 'project'}: ${stage}/${code}, ${times}, last at ${error.last_seen}`,
    place,
    error.message,
    error.hint === null ? '' : `→ ${error.hint}`,
    error.frame ?? '',
    seenIn(error),
  ];
  const [head = '', ...rest] = parts.filter((part) => part !== '');
  return `${[shownText(head), ...rest.map(indented)].join('\n')}\n`;
}

function seenIn({ request_id, run_id }: Diagnostic): string {
  if (request_id === null) return '';
  return run_id === undefined ? `request ${request_id}` : `request ${request_id}, run ${run_id}`;
}

function indented(text: string): string {
  return shownText(text)
    .split('\n')
    .map((line) => `  ${line}`.trimEnd())
    .join('\n');
}
