import type { Change } from '../protocol/admin/replay-answer.ts';
import type { Terminal } from './terminal.ts';

/** Writes a field that differs: what was recorded, and what came in its place. */
export function showChange(
  terminal: Pick<Terminal, 'line' | 'styled'>,
  { path, recorded, replayed }: Change,
): void {
  if (path !== '') terminal.line(`  ${path}`);
  for (const [sign, value, style] of [
    ['-', recorded, 'red'],
    ['+', replayed, 'green'],
  ] as const) {
    if (value === undefined) continue;
    const text = typeof value === 'string' ? value : JSON.stringify(value, null, 2);
    for (const line of text.split('\n')) terminal.line(terminal.styled(style, `  ${sign} ${line}`));
  }
}
