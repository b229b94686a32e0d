import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { Finding } from '../../protocol/diagnostics.ts';
import type { FoundModule } from '../../protocol/module.ts';
import { exists, findProgram } from '../../system/files.ts';
import type { ProcessUser } from '../../system/processes.ts';
import { findDistribution } from './distributions.ts';
import { type PythonFacts, type PythonProbe, probePython, tooOld } from './probe.ts';
import { readEnvironment } from './read-environment.ts';

/** The distribution that agents in Python are written with. */
export const pythonSdk = 'openai-agents';

/** Version of the SDK that the gateway installs where nothing else is asked for. */
export const pythonSdkVersion = '0.24.0';

/** What most modules load their settings with: the shared environment has it beside the SDK. */
export const pythonDotenv = { name: 'python-dotenv', version: '1.2.4' } as const;

/** Folder beside `agent.py`, and in the shared environment's folder, that holds an environment. */
export const environmentFolder = '.venv';

/** What an install leaves behind last: the exact version of every package in the environment. */
export const pythonLockFile = 'requirements.lock';

/** A Python for a module, or why there is none. `isOwn` says that it is the module's own environment. */
export type PythonChoice =
  | { readonly type: 'found'; readonly facts: PythonFacts; readonly isOwn: boolean }
  | { readonly type: 'none'; readonly finding: Finding };

/** The Pythons of this machine and this project. Each is started once to ask what it is, and again when it changed. */
export type PythonEnvironments = {
  /** Absolute folder of the environment for modules that declare nothing. */
  readonly sharedFolder: string;
  /** The Python that serves a module: its `.venv`, else GATEWAY_PYTHON or the shared environment, else `python3`. */
  readonly choose: (module: Pick<FoundModule, 'folder' | 'entry'>) => Promise<PythonChoice>;
  /** The Python that environments are made with. */
  readonly base: (file: string) => Promise<PythonChoice>;
  /** The Python of an environment wherever it lies, made or not. */
  readonly inFolder: (folder: string) => Promise<PythonFacts | null>;
};

export type PythonDeps = {
  readonly stateFolder: string;
  /** GATEWAY_PYTHON: a path or a name; null where it is not set. */
  readonly python: string | null;
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** Absent for the gateway's own. */
  readonly user?: ProcessUser | null;
  /** How environments are looked at: by starting their Python, as workers do (absent), or by their files alone. */
  readonly environments?: 'started' | 'read';
};

/** Names under which a Python is looked for in PATH, in this order. */
const names = [
  'python3',
  'python',
  'python3.14',
  'python3.13',
  'python3.12',
  'python3.11',
  'python3.10',
];

export function createPythonEnvironments(deps: PythonDeps): PythonEnvironments {
  const probe = cachedProbe(deps);
  const look: Probe =
    deps.environments === 'read' ? (program) => readEnvironment(join(program, '..', '..')) : probe;
  const sharedFolder = join(deps.stateFolder, 'python');
  const shared = programIn(sharedFolder);
  const base = (file: string) => findBase(deps, probe, file);
  const ready = async (program: string): Promise<PythonFacts | null> => {
    const probed = (await exists(program)) ? await look(program) : null;
    return probed?.type === 'found' ? probed.facts : null;
  };
  return {
    sharedFolder,
    base,
    inFolder: (folder) => ready(programIn(folder)),
    async choose({ folder, entry }) {
      const own = await chooseOwn(folder, look);
      if (own) return own;
      const named = deps.python === null ? null : await base(entry);
      if (named?.type === 'found' && (await findDistribution(pythonSdk, named.facts))) return named;
      const facts = await ready(shared);
      return facts ? { type: 'found', facts, isOwn: false } : (named ?? base(entry));
    },
  };
}

type Probe = (program: string) => Promise<PythonProbe>;

/** A `.venv` that cannot be used is no reason to run with other packages than the author chose. */
async function chooseOwn(folder: string, probe: Probe): Promise<PythonChoice | null> {
  const place = join(folder, environmentFolder);
  if (!(await exists(place))) return null;
  const probed = await probe(programIn(folder));
  if (probed.type === 'too_old') return { type: 'none', finding: tooOld(probed, place) };
  if (probed.type === 'broken') return { type: 'none', finding: brokenEnvironment(place, probed) };
  const { facts } = probed;
  const hasFolder = facts.packageFolders.some((path) => path.startsWith(place));
  if (hasFolder) return { type: 'found', facts, isOwn: true };
  return {
    type: 'none',
    finding: {
      stage: 'dependencies',
      code: 'python_environment_of_another',
      severity: 'error',
      message: `The .venv was made for another Python than the one it starts, which is ${facts.version}.`,
      file: place,
      hint: remake,
    },
  };
}

const remake = 'Remove the .venv, then run `dropgate deps install`.';

function brokenEnvironment(file: string, { reason }: PythonProbe & { type: 'broken' }): Finding {
  return {
    stage: 'dependencies',
    code: 'python_environment_broken',
    severity: 'error',
    message: `The Python of the .venv cannot be started (${reason}); it may be of a Python that is gone, or of another machine.`,
    file,
    hint: remake,
  };
}

async function findBase(deps: PythonDeps, probe: Probe, file: string): Promise<PythonChoice> {
  const wanted = deps.python === null ? names : [deps.python];
  const path = deps.environment.PATH ?? '';
  const found = await Promise.all(
    // A path is taken as it is.
    wanted.map((name) => (name.includes('/') ? name : findProgram(name, path))),
  );
  let old: (PythonProbe & { type: 'too_old' }) | null = null;
  for (const program of found.filter((one) => one !== null)) {
    const probed = await probe(program);
    if (probed.type === 'found') return { type: 'found', facts: probed.facts, isOwn: false };
    if (probed.type === 'too_old') old ??= probed;
  }
  return { type: 'none', finding: old ? tooOld(old, file) : missing(deps.python, file) };
}

function missing(named: string | null, file: string): Finding {
  return {
    stage: 'dependencies',
    code: 'python_missing',
    severity: 'error',
    message:
      named === null
        ? 'There is no Python on this machine that could run the agent.'
        : `GATEWAY_PYTHON names ${named}, which cannot be started.`,
    file,
    hint:
      named === null
        ? 'Install Python 3.10 or newer, or name one with GATEWAY_PYTHON, then run `dropgate deps install`.'
        : 'Correct GATEWAY_PYTHON, or remove it to use the `python3` in PATH.',
  };
}

/** Asks again when a program, or the environment around it, is another than before. */
function cachedProbe({ environment, user = null }: PythonDeps): Probe {
  const known = new Map<string, { mark: string; probe: Promise<PythonProbe> }>();
  return async (program) => {
    const marks = [program, join(program, '..', '..', 'pyvenv.cfg')].map(markOf);
    const mark = (await Promise.all(marks)).join();
    const before = known.get(program);
    if (before?.mark === mark) return before.probe;
    const probe = probePython(program, environment, user);
    known.set(program, { mark, probe });
    // What failed may have been busy, or be mended without a trace in the file.
    const { type } = await probe;
    if (type === 'broken') known.delete(program);
    return probe;
  };
}

async function markOf(path: string): Promise<string> {
  const stats = await stat(path).catch(() => null);
  return stats ? `${stats.ino}:${stats.mtimeMs}` : '';
}

function programIn(folder: string): string {
  return join(folder, environmentFolder, 'bin', 'python');
}
