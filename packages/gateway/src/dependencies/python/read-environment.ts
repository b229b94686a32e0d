import { stat } from 'node:fs/promises';
import { machine, release, type, version } from 'node:os';
import { join } from 'node:path';
import { DECLARATION_LIMIT_BYTES, exists, readOwnText, whyUnread } from '../../system/files.ts';
import { type PythonProbe, probeOf } from './probe.ts';

/**
 * What the files of a virtual environment say of its Python. Nothing is started: an environment is what its packages,
 * or its author, made of it, and runs their code whenever its Python starts. Never throws.
 *
 * @param place - Absolute folder of the environment.
 */
export async function readEnvironment(place: string): Promise<PythonProbe> {
  const bounds = { within: place, limitBytes: DECLARATION_LIMIT_BYTES };
  const settings = await readOwnText(join(place, 'pyvenv.cfg'), bounds).catch(whyUnread);
  const [, major, minor, patch = '0'] =
    /^version(?:_info)?[ \t]*=[ \t]*(\d+)\.(\d+)(?:\.(\d+))?/m.exec(settings) ?? [];
  if (major === undefined || minor === undefined) {
    return { type: 'broken', reason: 'its pyvenv.cfg does not say of which version it is' };
  }
  const interpreter = join(place, 'bin', 'python');
  if (!(await exists(interpreter))) return { type: 'broken', reason: 'it is not there' };
  const full = `${major}.${minor}.${patch}`;
  const packages = join(place, 'lib', `python${major}.${minor}`, 'site-packages');
  const isThere = await stat(packages)
    .then((stats) => stats.isDirectory())
    .catch(() => false);
  return probeOf({
    interpreter,
    version: full,
    packageFolders: isThere ? [packages] : [],
    markers: markersOf(`${major}.${minor}`, full),
  });
}

/** Of this machine, as CPython tells them. */
function markersOf(python_version: string, full: string) {
  return {
    python_version,
    python_full_version: full,
    os_name: process.platform === 'win32' ? 'nt' : 'posix',
    sys_platform: process.platform,
    platform_machine: machine(),
    platform_system: type(),
    platform_release: release(),
    platform_version: version(),
    platform_python_implementation: 'CPython',
    implementation_name: 'cpython',
    implementation_version: full,
  };
}
