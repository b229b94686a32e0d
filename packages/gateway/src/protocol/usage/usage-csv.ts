import type { UsageAnswerRow, UsagePage } from '../admin/usage-answer.ts';

const countNames = [
  'runs',
  'model_calls',
  'failed_calls',
  'aborted_calls',
  'input_tokens',
  'output_tokens',
  'cached_input_tokens',
  'reasoning_tokens',
  'cost_usd',
  'unpriced_calls',
] as const satisfies readonly (keyof UsageAnswerRow)[];

const names = {
  key: ['key_id', 'key_name'],
  agent: ['agent_id'],
  model: ['model'],
  upstream: ['upstream'],
  user: ['user'],
  day: ['day'],
} as const;

/**
 * Rows of usage as CSV (RFC 4180), what is not known empty. A text that a spreadsheet would take for a formula stands behind
 * an apostrophe.
 */
export function usageCsv(
  { by, rows }: Pick<UsagePage, 'by' | 'rows'>,
  head: 'with_head' | 'without_head',
): string {
  const columns = [...by.flatMap((each) => names[each]), ...countNames];
  const lines = rows.map((row) => columns.map((column) => cell(row[column])).join(','));
  return [...(head === 'with_head' ? [columns.join(',')] : []), ...lines]
    .map((line) => `${line}\r\n`)
    .join('');
}

function cell(value: string | number | null | undefined): string {
  if (typeof value === 'number') return String(value);
  const text = value ?? '';
  // What is not seen may be left out where it is read.
  const harmless = /^[\s\p{C}]*[=+\-@|%\uFF0B\uFF0D\uFF1D\uFF20]|^\p{Cc}/u.test(text)
    ? `'${text}`
    : text;
  return /[",\r\n]/.test(harmless) ? `"${harmless.replaceAll('"', '""')}"` : harmless;
}
