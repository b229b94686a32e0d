import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { z } from 'zod';
import type { Finding } from '../../protocol/diagnostics.ts';
import type { ProcessUser } from '../../system/processes.ts';
import type { MarkerValues } from './marker.ts';

const run = promisify(execFile);

/** Generous: on a busy machine a first start reads everything from disk. */
const PROBE_TIMEOUT_MS = 20_000;

/** Oldest Python that agents run on. */
const OLDEST_MINOR = 10;

/** What is known of a Python that can be started. */
export type PythonFacts = {
  /** Absolute; within a virtual environment, its own. */
  readonly interpreter: string;
  /** `3.12.4` */
  readonly version: string;
  /** Folders it imports packages from, in order; absolute. */
  readonly packageFolders: readonly string[];
  readonly markers: MarkerValues;
};

/** Its version alone is asked of one that is too old for the rest. */
const script = `
import json, os, platform, sys
v = ".".join(map(str, sys.version_info[:3]))
i = sys.implementation
print(json.dumps({
  "interpreter": sys.executable, "version": v,
  "packageFolders": [p for p in sys.path if os.path.basename(p) in ("site-packages", "dist-packages")],
  "markers": {
    "python_version": "%d.%d" % sys.version_info[:2], "python_full_version": platform.python_version(),
    "os_name": os.name, "sys_platform": sys.platform, "platform_machine": platform.machine(),
    "platform_system": platform.system(), "platform_release": platform.release(),
    "platform_version": platform.version(), "platform_python_implementation": platform.python_implementation(),
    "implementation_name": i.name, "implementation_version": v}}))
`;

const factsSchema = z.object({
  interpreter: z.string().min(1),
  version: z.string(),
  packageFolders: z.array(z.string()),
  markers: z.record(z.string(), z.string()),
});

/** What a look at a Python gave; it cannot be started, or is too old, or these are its facts. */
export type PythonProbe =
  | { readonly type: 'found'; readonly facts: PythonFacts }
  | { readonly type: 'too_old'; readonly interpreter: string; readonly version: string }
  | { readonly type: 'broken'; readonly reason: string };

/**
 * Starts a Python once to ask what it is. Never throws.
 *
 * @param user - Whom modules run as: the Python of a module is the author's program.
 */
export async function probePython(
  command: string,
  environment: Readonly<Record<string, string | undefined>>,
  user: ProcessUser | null,
): Promise<PythonProbe> {
  const { PATH, HOME, LANG } = environment;
  try {
    const { stdout } = await run(command, ['-c', script], {
      ...user,
      env: { PATH, LANG, ...(user ? {} : { HOME }), PYTHONDONTWRITEBYTECODE: '1' },
      timeout: PROBE_TIMEOUT_MS,
    });
    const facts = factsSchema.parse(JSON.parse(stdout));
    return probeOf(facts);
  } catch (error) {
    const { code, stderr, killed } = error as {
      code?: unknown;
      stderr?: string;
      killed?: boolean;
    };
    if (killed) return { type: 'broken', reason: 'it did not answer' };
    const said = stderr?.trim().split('\n').at(-1);
    return { type: 'broken', reason: said || String(code ?? 'it gave no reason') };
  }
}

/** Whether agents run on a Python with these facts. */
export function probeOf(facts: PythonFacts): PythonProbe {
  const [major = 0, minor = 0] = facts.version.split('.').map(Number);
  if (major > 3 || (major === 3 && minor >= OLDEST_MINOR)) return { type: 'found', facts };
  return { type: 'too_old', ...facts };
}

/** Says of a Python which is too old what to do. */
export function tooOld(probe: PythonProbe & { type: 'too_old' }, file: string): Finding {
  return {
    stage: 'dependencies',
    code: 'python_too_old',
    severity: 'error',
    message: `Agents in Python need Python 3.${OLDEST_MINOR} or newer; ${probe.interpreter} is ${probe.version}.`,
    file,
    hint: 'Install a newer Python, or name one with GATEWAY_PYTHON, then run `dropgate deps install`.',
  };
}
