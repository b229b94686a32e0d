import fs from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import { basename, dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Finding } from '../../protocol/diagnostics.ts';
import type { ModuleLoad } from '../../protocol/records.ts';
import { type OwnFrame, ownFrame, placeOf } from '../explain/code-place.ts';
import { realPath } from '../load/local-files.ts';
import { fieldsOf } from '../sdk.ts';

/** The `.env` of the project's root, which holds keys of the gateway, as the module's process sees it. */
export type WithheldEnv = {
  /** A warning for each place that read it while the module was loaded; later ones go to the agent's log. */
  readonly findings: (entryText: string) => Finding[];
};

/** Longer than the way from any library of the kind to the author's line. */
const stackFrames = 50;

/**
 * Makes the root's `.env` an empty file for whatever in this process reads files by name: `dotenv` and its like look for
 * it by themselves, and would put the gateway's keys in place of the broker's. No hold against a module that means to.
 *
 * @param projectRoot - Absolute, without links.
 */
export function withholdRootEnv(
  projectRoot: string,
  load: Pick<ModuleLoad, 'folder' | 'modulePath' | 'entry'>,
): WithheldEnv {
  const places: (OwnFrame | null)[] = [];
  let isLoaded = false;
  const onRead = (): void => {
    const place = placeOfReader();
    if (places.some((one) => one?.file === place?.file && one?.line === place?.line)) return;
    places.push(place);
    if (isLoaded) process.stderr.write(`${sentence(load)}\n`);
  };
  const rootEnv = join(projectRoot, '.env');
  // An agent that lies in the root itself has it for its own.
  if (load.folder !== projectRoot) divertReads(rootEnv, onRead);
  return {
    findings(entryText) {
      isLoaded = true;
      return places.map((place) => ({
        stage: 'load',
        code: 'root_env_withheld',
        severity: 'warning',
        message: sentence(load),
        file: load.entry,
        ...(place ?? placeOf(entryText, /dotenv|loadEnvFile|\.env\b/)),
        hint: `Put what the agent needs into a .env beside ${basename(load.entry)}, or let the operator give it under \`agents\` in gateway.yaml.`,
      }));
    },
  };
}

function sentence({ modulePath }: Pick<ModuleLoad, 'modulePath'>): string {
  return `${modulePath} reads the .env in the project root, which is the gateway's own: to agents it is empty.`;
}

function placeOfReader(): OwnFrame | null {
  const { stackTraceLimit } = Error;
  Error.stackTraceLimit = stackFrames;
  const frame = ownFrame(new Error());
  Error.stackTraceLimit = stackTraceLimit;
  return frame;
}

type Reader = (path: unknown, ...rest: unknown[]) => unknown;

function divertReads(rootEnv: string, onRead: () => void): void {
  const elsewhere = (path: unknown): unknown => {
    if (!isAt(path, rootEnv) || !isReadable(rootEnv)) return path;
    onRead();
    return '/dev/null';
  };
  const divert = (holder: object, name: string): void => {
    const readers = holder as Record<string, Reader>;
    const read = readers[name];
    if (read) readers[name] = (path, ...rest) => read.call(holder, elsewhere(path), ...rest);
  };
  for (const name of ['readFileSync', 'readFile', 'openSync', 'open']) divert(fs, name);
  for (const name of ['readFile', 'open']) divert(fs.promises, name);
  const { loadEnvFile } = process;
  process.loadEnvFile = (path = '.env') => {
    try {
      loadEnvFile.call(process, elsewhere(path) as string);
    } catch (error) {
      // Of what is closed to this process the others say that it is not there, which no script ends of.
      const isClosed = /^(EACCES|EPERM|ERR_ACCESS_DENIED)$/.test(String(fieldsOf(error).code));
      if (!isClosed || !isAt(path, rootEnv)) throw error;
      onRead();
    }
  };
  syncBuiltinESMExports();
}

function isAt(path: unknown, rootEnv: string): boolean {
  const given = path instanceof URL && path.protocol === 'file:' ? fileURLToPath(path) : path;
  if (typeof given !== 'string' || !given.endsWith('.env')) return false;
  const full = resolve(given);
  return join(realPath(dirname(full)), basename(full)) === rootEnv;
}

/** What is not there, or closed to this process, fails as it would anyway. */
function isReadable(path: string): boolean {
  try {
    fs.accessSync(path, fs.constants.R_OK);
    return true;
  } catch {
    return false;
  }
}
