/** `node bench/attacks/report.ts` writes the table of `bench/README.md` again from `bench/results/attacks.json`. */
import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Language, Verdict } from './attack.ts';

const root = join(import.meta.dirname, '../..');
const page = join(root, 'bench/README.md');
const file = join(root, 'bench/results/attacks.json');
const begin = '<!-- attacks: written by bench/attacks/report.ts -->';
const end = '<!-- end of attacks -->';

/** What came of an attack. */
export type Tried = {
  readonly title: string;
  readonly language: Language;
  readonly outcome: Verdict['outcome'];
  readonly attempts: number;
  /** How many of the attempts got through. */
  readonly open: number;
  readonly seen: string;
};

export type AttackResults = {
  /** Day, as `2026-11-30`. */
  readonly date: string;
  /** Cores, processor and the version of Node. */
  readonly machine: string;
  readonly seconds: number;
  readonly classes: readonly { readonly class: string; readonly attacks: readonly Tried[] }[];
};

if (pathToFileURL(process.argv[1] ?? '').href === import.meta.url) {
  writeReport(JSON.parse(readFileSync(file, 'utf8')) as AttackResults);
}

/**
 * Writes the file of results, and their table into the page, between its markers.
 *
 * @throws Error where the page lacks a marker.
 */
export function writeReport(results: AttackResults): void {
  writeFileSync(file, JSON.stringify(results, null, 2));
  const before = readFileSync(page, 'utf8');
  const [from, to] = [before.indexOf(begin), before.indexOf(end)];
  if (from < 0 || to < from) throw new Error(`${page} lacks "${begin}" or "${end}".`);
  const { date, machine, seconds } = results;
  const minutes = (seconds / 60).toFixed(1);
  const how = `Tried on ${date} with \`node bench/attacks.ts\`, ${machine}, in ${minutes} minutes.`;
  const written = [begin, how, table(results), ''].join('\n\n');
  writeFileSync(page, `${before.slice(0, from)}${written}${before.slice(to)}`);
  // As the other files of the repository are, or its checks fail.
  execFileSync(join(root, 'node_modules/.bin/biome'), ['format', '--write', page, file], {
    cwd: root,
    stdio: 'ignore',
  });
}

/** A row for each class, with how many attempts came to which end, and one for all. */
export function table({ classes }: Pick<AttackResults, 'classes'>): string {
  const rows = classes.map((each) => [each.class, ...counts(each.attacks)]);
  const all = counts(classes.flatMap(({ attacks }) => attacks));
  const head = ['class', 'attempts', 'held', 'broke', 'untried'];
  return [head, head.map(() => '---'), ...rows, ['all', ...all]]
    .map((cells) => `| ${cells.join(' | ')} |`)
    .join('\n');
}

function counts(attacks: readonly Tried[]): string[] {
  const sum = (of: (each: Tried) => number) =>
    String(attacks.reduce((all, each) => all + of(each), 0));
  return [
    sum(({ attempts }) => attempts),
    sum(({ outcome, attempts, open }) => (outcome === 'untried' ? 0 : attempts - open)),
    sum(({ open }) => open),
    sum(({ outcome, attempts }) => (outcome === 'untried' ? attempts : 0)),
  ];
}
