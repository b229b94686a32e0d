import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { runProgram } from '../nightly/part.ts';

/** What is run for the review, by the name of its result. */
export const sources = {
  tests: {
    about: 'all tests',
    made: 'vitest run --reporter=json --outputFile=<file>',
    command: (file: string) => ['vitest', 'run', '--reporter=json', `--outputFile=${file}`],
  },
  'drop-ins': {
    about: 'agents in both languages on the packed gateway, with the newest SDKs',
    made: 'node scripts/release/package-smoke.ts --node-sdk newest --python-sdk newest --json',
    command: null,
  },
  audit: {
    about: 'the nightly audit',
    made: 'scripts/nightly-audit --out <folder>',
    command: (file: string) => [
      process.execPath,
      'scripts/nightly/nightly-audit.ts',
      '--out',
      `${file}.folder`,
    ],
  },
  bench: { about: 'figures', made: 'node bench/run.ts', command: null },
  breaks: { about: 'the table of breaks', made: 'the nightly job of breaks', command: null },
} as const;

export type SourceName = keyof typeof sources;

/** The result of one run. `text` is what it wrote or printed. */
export type RunResult = {
  /** ISO 8601, UTC. */
  readonly made_at: string;
  /** Null where nobody tells. */
  readonly commit: string | null;
  readonly exit_code: number;
  readonly text: string;
};

/** All tests, or a bench. */
const TIMEOUT_MS = 3_600_000;

/** Reads the result of a source; null where there is none. */
export async function readResult(folder: string, name: SourceName): Promise<RunResult | null> {
  const text = await readFile(join(folder, `${name}.json`), 'utf8').catch(() => null);
  return text === null ? null : (JSON.parse(text) as RunResult);
}

/** Runs a source and keeps its result. False where there is nothing to run: its result comes from elsewhere. */
export async function makeResult(root: string, folder: string, name: SourceName): Promise<boolean> {
  const file = join(folder, `${name}.raw`);
  const command = commandOf(name, file);
  if (command === null) return false;
  await mkdir(folder, { recursive: true });
  await rm(file, { force: true });
  const { code, stdout, stderr } = await runProgram(command, { cwd: root, timeoutMs: TIMEOUT_MS });
  const written = name === 'audit' ? join(`${file}.folder`, 'nightly-audit.json') : file;
  const text = (await readFile(written, 'utf8').catch(() => null)) ?? (stdout || stderr);
  const result: RunResult = {
    made_at: new Date().toISOString(),
    commit: await headOf(root),
    exit_code: code,
    text,
  };
  await writeFile(join(folder, `${name}.json`), `${JSON.stringify(result)}\n`);
  return true;
}

function commandOf(name: SourceName, file: string): readonly string[] | null {
  const { command, made } = sources[name];
  if (command !== null) return command(file);
  const [program, ...args] = made.split(' ');
  return program === 'node' ? [process.execPath, ...args] : null;
}

/** The commit that is checked out; null where git does not tell. */
export async function headOf(root: string): Promise<string | null> {
  const command = ['git', 'rev-parse', 'HEAD'];
  const end = await runProgram(command, { cwd: root, timeoutMs: 10_000 }).catch(() => null);
  return end?.code === 0 ? end.stdout.trim() : null;
}
