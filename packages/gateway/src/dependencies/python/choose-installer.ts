import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { exists, findProgram } from '../../system/files.ts';
import type { EnvironmentVariables } from '../install/install-result.ts';

/** Where pip is told which packages it may have, and uv. */
const pipVariables = /^PIP_(?:INDEX_URL|EXTRA_INDEX_URL|NO_INDEX|FIND_LINKS)$/;
const uvVariables = /^UV_(?:.*INDEX.*|FIND_LINKS|OFFLINE|CONFIG_FILE)$/;

/**
 * The uv to install with; null for pip. uv is faster, but knows nothing of pip's settings: where only pip is told of
 * an index, a mirror or a folder of packages, uv would ask elsewhere.
 *
 * @param environment - The installer's, with absolute folders alone in its PATH.
 */
export async function findUv(environment: EnvironmentVariables): Promise<string | null> {
  const uv = await findProgram('uv', environment.PATH ?? '');
  return uv && (await isPipAloneSetUp(environment)) ? null : uv;
}

async function isPipAloneSetUp(environment: EnvironmentVariables): Promise<boolean> {
  const names = Object.keys(environment);
  const { HOME = '/', XDG_CONFIG_HOME = join(HOME, '.config'), UV_NO_CONFIG } = environment;
  const uvFiles = [join(XDG_CONFIG_HOME, 'uv/uv.toml'), '/etc/uv/uv.toml'];
  const isUvSetUp =
    names.some((name) => uvVariables.test(name)) ||
    (!UV_NO_CONFIG && (await Promise.all(uvFiles.map(exists))).includes(true));
  if (isUvSetUp) return false;
  if (names.some((name) => pipVariables.test(name))) return true;
  const { PIP_CONFIG_FILE } = environment;
  const usual = [
    '/etc/pip.conf',
    join(XDG_CONFIG_HOME, 'pip/pip.conf'),
    join(HOME, '.pip/pip.conf'),
  ];
  // pip takes `/dev/null` for a wish to read none at all.
  const files = PIP_CONFIG_FILE === '/dev/null' ? [] : [...usual, PIP_CONFIG_FILE ?? ''];
  const texts = await Promise.all(files.map((file) => readFile(file, 'utf8').catch(() => '')));
  return texts.some((text) => /^\s*(?:extra-)?index-url|^\s*(?:no-index|find-links)/m.test(text));
}
