// Measures the code against the bars it has to keep; prints a table and ends with 1 where one is missed.
import { dirname } from 'node:path';
import { type Finding, measure, type Sized } from './measure-code.ts';
import { measurePython } from './measure-python.ts';
import { productFiles, pythonFiles, testFiles, toolFiles } from './source-files.ts';

type Bar = {
  readonly name: string;
  readonly limit: string;
  readonly measured: string;
  readonly misses: readonly Finding[];
};

/** A file with its functions. */
type SizedFile = Sized & { readonly functions: readonly Sized[] };

/** Of most files. A median would reward shards. */
const maxP90FileLines = 200;
const maxFileLines = 300;
const maxP90FunctionLines = 25;
const maxFunctionLines = 60;
/** What can be listed from memory. */
const maxFolderFiles = 18;
/** The only files that may read the environment. */
const environmentReaders = /\/src\/(config\/load-config|worker\/main|cli\/main)\.ts:/;
/** The only folder that may write to the terminal. */
const terminalWriters = /\/src\/cli\//;

const product = productFiles().map(measure);
const tests = testFiles().map(measure);
const tools = toolFiles().map(measure);
const python = pythonFiles().map(measurePython);
report([
  ...sizeBars(product, tools),
  folderBar([...product, ...tools]),
  ...habitBars(),
  ...[...sizeBars(python), folderBar(python)].map((bar) => ({
    ...bar,
    name: `Python: ${bar.name}`,
  })),
]);

/** Tools are held to the limits, but do not make the product's shares look better. */
function sizeBars(product: readonly SizedFile[], tools: readonly SizedFile[] = []): Bar[] {
  const files = [...product, ...tools];
  const functions = files.flatMap((file) => file.functions);
  const p90File = quantile(linesOf(product), 0.9);
  const p90Function = quantile(linesOf(product.flatMap((file) => file.functions)), 0.9);
  const longFiles = files.filter((file) => file.lines > maxFileLines);
  const longFunctions = functions.filter((one) => one.lines > maxFunctionLines);
  return [
    {
      name: 'lines of a file, p90',
      limit: `≤ ${maxP90FileLines}`,
      measured: `${p90File}`,
      misses: p90File > maxP90FileLines ? longest(product) : [],
    },
    {
      name: 'lines of a file, most',
      limit: `≤ ${maxFileLines}`,
      measured: `${Math.max(0, ...linesOf(files))}`,
      misses: longFiles.map(asFinding),
    },
    {
      name: 'lines of a function, p90',
      limit: `≤ ${maxP90FunctionLines}`,
      measured: `${p90Function}`,
      misses: p90Function > maxP90FunctionLines ? longest(functions) : [],
    },
    {
      name: 'lines of a function, most',
      limit: `≤ ${maxFunctionLines}`,
      measured: `${Math.max(0, ...linesOf(functions))}`,
      misses: longFunctions.map(asFinding),
    },
  ];
}

/** Files of a folder itself, without those of the folders in it; tests do not count. */
function folderBar(files: readonly Sized[]): Bar {
  const folders = Map.groupBy(files, ({ place }) => dirname(place));
  const full = [...folders].filter(([, { length }]) => length > maxFolderFiles);
  return {
    name: 'files of a folder, most',
    limit: `≤ ${maxFolderFiles}`,
    measured: `${Math.max(0, ...[...folders.values()].map(({ length }) => length))}`,
    misses: full.map(([place, { length }]) => ({ place, what: `${length} files` })),
  };
}

function habitBars(): Bar[] {
  const everything = [...product, ...tools];
  const outside = (allowed: RegExp) => product.filter((file) => !allowed.test(file.place));
  const noReader = outside(environmentReaders);
  const noWriter = outside(terminalWriters);
  return [
    none(
      'any',
      everything.flatMap((file) => file.anyTypes),
    ),
    none(
      'non-null !',
      everything.flatMap((file) => file.nonNullAssertions),
    ),
    none(
      'process.env elsewhere',
      noReader.flatMap((file) => file.environmentReads),
    ),
    none(
      'console. outside cli/',
      noWriter.flatMap((file) => file.consoleCalls),
    ),
    none(
      'mutable state of a module',
      product.flatMap((file) => file.mutableState),
    ),
    none(
      'module mocks',
      tests.flatMap((file) => file.moduleMocks),
    ),
    none(
      'spreads of literals',
      [...everything, ...tests].flatMap((file) => file.freshSpreads),
    ),
  ];
}

function none(name: string, misses: readonly Finding[]): Bar {
  return { name, limit: '0', measured: `${misses.length}`, misses };
}

function report(all: readonly Bar[]): void {
  for (const { name, limit, measured, misses } of all) {
    const mark = misses.length > 0 ? '✗' : '✓';
    console.log(`${mark} ${name.padEnd(34)}${measured.padStart(8)}   ${limit}`);
    for (const miss of misses) console.log(`    ${miss.place}  ${miss.what}`);
  }
  if (all.some(({ misses }) => misses.length > 0)) process.exitCode = 1;
}

function longest(all: readonly Sized[]): Finding[] {
  return all
    .toSorted((a, b) => b.lines - a.lines)
    .slice(0, 10)
    .map(asFinding);
}

function asFinding({ place, lines }: Sized): Finding {
  return { place, what: `${lines} lines` };
}

function linesOf(all: readonly Sized[]): number[] {
  return all.map((one) => one.lines);
}

/** The value below which the share `q` of all values lies, nearest rank. */
function quantile(values: readonly number[], q: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.max(0, Math.ceil(sorted.length * q) - 1)] ?? 0;
}
