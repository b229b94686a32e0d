import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { peersCharts } from '../peers/charts.ts';
import { readResults } from '../peers/results.ts';
import { tables as peersTables } from '../peers/tables.ts';
import { benches } from './benches.ts';
import { chartsOf } from './charts.ts';
import { frontTable } from './front-page.ts';
import { listText } from './list.ts';
import { tableText } from './markdown.ts';
import { benchPage, frontPage, type Part, staleParts, writeParts } from './page.ts';
import { type Result, readResult, resultsFolder } from './result.ts';
import { machineText, versionsText } from './words.ts';

const notYet = 'Not measured yet.';

/** Writes all that is made from the result files: tables of both pages, and charts. */
export function writeReport(): void {
  for (const [file, text] of Object.entries(charts())) {
    writeFileSync(join(resultsFolder, file), text);
  }
  writeParts(parts());
}

/** What `writeReport` would write otherwise than it is, by name. */
export function staleReport(): string[] {
  const stale = Object.entries(charts()).filter(([file, text]) => textOf(file) !== text);
  return [...stale.map(([file]) => `bench/results/${file}`), ...staleParts(parts())];
}

function textOf(file: string): string | null {
  try {
    return readFileSync(join(resultsFolder, file), 'utf8');
  } catch {
    return null;
  }
}

function charts(): Record<string, string> {
  const peers = readResults();
  const ofPeers = peers ? [peersCharts(peers)] : [];
  return Object.assign({}, ...benches.map(({ name }) => chartsOf(name)), ...ofPeers);
}

function parts(): Part[] {
  const page = benchPage;
  return [
    { page, name: 'benches', text: listText() },
    ...benches
      .filter(({ hasOwnForm }) => !hasOwnForm)
      .map(({ name }) => ({ page, name, text: benchText(name) })),
    { page, name: 'peers', text: peersText() },
    { page: frontPage, name: 'this page', text: frontTable() },
  ];
}

function benchText(name: string): string {
  const result = readResult(name);
  if (!result) return notYet;
  const images = Object.keys(chartsOf(name)).map(imageText);
  return [...images, aboutText(result), ...result.tables.map(tableText)].join('\n\n');
}

function peersText(): string {
  const results = readResults();
  if (!results) return notYet;
  return [...Object.keys(peersCharts(results)).map(imageText), peersTables(results)].join('\n\n');
}

function imageText(file: string): string {
  return `![${file.replace(/\.svg$/, '').replaceAll('-', ' ')}](results/${file})`;
}

function aboutText(result: Result): string {
  const { measured_at, commands, took_seconds, note, machine, versions } = result;
  const typed = commands.map((command) => `\`${command}\``).join(' and ');
  const took = took_seconds === null ? '' : `, ${took_seconds} s`;
  return `Measured on ${measured_at.slice(0, 10)} with ${typed}${took}: ${machineText(machine)}; ${versionsText(versions)}.${note ? ` ${note}` : ''}`;
}
