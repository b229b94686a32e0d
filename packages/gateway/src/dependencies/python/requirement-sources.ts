import { basename, isAbsolute, join, normalize, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Finding } from '../../protocol/diagnostics.ts';
import { isOwnFile } from '../../system/files.ts';
import { InstallError } from '../install/install-result.ts';
import { withheldTokens } from '../install/npmrc.ts';
import { readDeclared } from '../read-declared.ts';
import type { Requirement } from './requirement.ts';
import type { RequirementOption } from './requirement-files.ts';
import type { Requirements } from './requirements.ts';

/**
 * Refuses what pip would have to build, or get from an address: to build a package, or to look at one that is not
 * built, runs its code. A wheel that lies in the module's folder is none of these.
 *
 * @throws InstallError `source_refused`.
 */
export async function refuseBuilds(
  folder: string,
  { wanted, path }: Requirements,
  scripts: 'run' | 'skip',
): Promise<void> {
  if (scripts === 'run') return;
  for (const one of wanted) {
    if (one.source === 'index' || (await isOwnWheel(folder, one))) continue;
    const what = one.wanted.slice(0, SHOWN_TEXT);
    const why = one.source === 'path' ? 'is no wheel in its folder' : 'comes from an address';
    throw new InstallError(
      'source_refused',
      `${basename(path)} asks for ${what}, which ${why}: installing it, or seeing what it is, may run its code.`,
      {
        hint: 'If you trust it, install with --allow-scripts. Else name a version that an index of packages has.',
      },
    );
  }
}

/** The most of a requirement that is repeated. */
const SHOWN_TEXT = 200;

async function isOwnWheel(folder: string, { source, wanted }: Requirement): Promise<boolean> {
  if (source !== 'path') return false;
  const path = wanted.replace(/#.*$/s, '').replace(/\[[^\]]*\]$/, '');
  if (!path.endsWith('.whl')) return false;
  try {
    const place = path.startsWith('file:///') ? fileURLToPath(path) : path.replace(/^file:/, '');
    return await isOwnFile(resolve(folder, place), folder);
  } catch {
    return false;
  }
}

/** Lines for pip of the options that a module may give, and what is said of the others. */
export type PipOptions = {
  readonly lines: readonly string[];
  /** Whether the module names indexes of its own: then none of the operator's passwords are pip's to send. */
  readonly namesIndex: boolean;
  readonly findings: readonly Finding[];
};

const plain = ['--pre', '--prefer-binary', '--require-hashes', '--no-index'];
const builds = ['--no-binary', '--only-binary'];

/** Which of a module's options hold. */
export async function pipOptions(
  folder: string,
  { options, path }: Requirements,
  scripts: 'run' | 'skip',
): Promise<PipOptions> {
  const lines: string[] = [];
  const findings: Finding[] = [];
  let namesIndex = scripts === 'run' && (await hasUvSettings(folder));
  for (const option of options) {
    const { name, value } = option;
    const isIndex = namesPlace(option);
    const holds =
      isIndex ||
      (plain.includes(name) && value === '') ||
      (scripts === 'run' && builds.includes(name) && /^[\w.,:-]+$/.test(value));
    if (!holds) findings.push(ignored(option));
    else lines.push(`${name} ${value}`.trim());
    namesIndex ||= isIndex;
  }
  return {
    lines,
    namesIndex,
    findings: [...findings, ...(namesIndex ? [withheldTokens(path)] : [])],
  };
}

/** An address, or for wheels a folder of the module; nothing in which pip would put a variable of the operator's. */
function namesPlace({ name, value }: RequirementOption): boolean {
  if (!/^[^\s$]+$/.test(value)) return false;
  if (name === '--trusted-host') return true;
  if (['--index-url', '--extra-index-url'].includes(name)) return /^https?:\/\//i.test(value);
  if (name !== '--find-links') return false;
  if (/^https?:\/\//i.test(value)) return true;
  return !isAbsolute(value) && !value.includes(':') && !normalize(value).startsWith('..');
}

/** uv reads these by itself where it finds them. */
async function hasUvSettings(folder: string): Promise<boolean> {
  const texts = await Promise.all(
    ['pyproject.toml', 'uv.toml'].map((name) =>
      readDeclared(folder, join(folder, name)).catch(() => ''),
    ),
  );
  return /^[ \t]*\[{1,2}[ \t]*tool[ \t]*\.[ \t]*uv\b/m.test(texts[0] ?? '') || texts[1] !== '';
}

function ignored({ name, file, place }: RequirementOption): Finding {
  return {
    stage: 'dependencies',
    code: 'requirement_option_ignored',
    severity: 'warning',
    message: `The option ${name.slice(0, 60)} of the requirements is not used as it is written.`,
    file,
    ...place,
    hint: 'A module may name indexes and folders of its own, without variables. Give the rest to pip in its own configuration.',
  };
}
