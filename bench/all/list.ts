import { type Bench, benches } from './benches.ts';
import { tableText } from './markdown.ts';
import { commandLine } from './run-bench.ts';

/** All benches as a table. */
export function listText(): string {
  const rows = benches.map(({ name, measures, commands, ...bench }) => [
    `\`${name}\``,
    measures,
    commands.map((command) => `\`${commandLine(command, {})}\``).join(', '),
    minutesText(bench),
  ]);
  return tableText({ columns: ['name', 'what it measures', 'command', 'minutes'], rows });
}

function minutesText({ minutes, isNamed }: Pick<Bench, 'minutes' | 'isNamed'>): string {
  return `${minutes}${isNamed ? ', where it is named' : ''}`;
}
