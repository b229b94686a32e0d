/** `node bench/peers/report.ts` writes the tables and charts again from `bench/results/peers.json`. */
import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { chartsOf } from './charts.ts';
import { type Results, readResults, resultsFile } from './results.ts';
import { tables } from './tables.ts';

const root = join(import.meta.dirname, '../..');
const page = join(root, 'bench/README.md');
const begin = '<!-- peers: written by bench/peers/report.ts -->';
const end = '<!-- end of peers -->';

if (pathToFileURL(process.argv[1] ?? '').href === import.meta.url) {
  const results = readResults();
  if (!results) throw new Error(`There is no ${resultsFile}; run "node bench/peers.ts".`);
  writeReport(results);
}

/**
 * Writes the charts beside the result file, and charts and tables into the page, between its markers.
 *
 * @throws Error where the page lacks a marker.
 */
export function writeReport(results: Results): void {
  const charts = chartsOf(results);
  for (const [name, text] of Object.entries(charts)) {
    writeFileSync(join(dirname(resultsFile), name), text);
  }
  const before = readFileSync(page, 'utf8');
  const [from, to] = [before.indexOf(begin), before.indexOf(end)];
  if (from < 0 || to < from) throw new Error(`${page} lacks "${begin}" or "${end}".`);
  const images = Object.keys(charts).map((name) => `![${altOf(name)}](results/${name})`);
  const written = [begin, ...images, tables(results), ''].join('\n\n');
  writeFileSync(page, `${before.slice(0, from)}${written}${before.slice(to)}`);
  // As the other files of the repository are, or its checks fail.
  execFileSync(join(root, 'node_modules/.bin/biome'), ['format', '--write', page, resultsFile], {
    cwd: root,
    stdio: 'ignore',
  });
}

function altOf(name: string): string {
  return name.replace(/\.svg$/, '').replaceAll('-', ' ');
}
