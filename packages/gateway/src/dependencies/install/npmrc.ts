import { basename, join } from 'node:path';
import type { Finding } from '../../protocol/diagnostics.ts';
import { isAbsent, whyUnread } from '../../system/files.ts';
import { readDeclared } from '../read-declared.ts';

/** What of a module's `.npmrc` npm is given. */
export type Npmrc = {
  readonly text: string;
  /** Whether it names registries of its own: then none of the operator's tokens are npm's to send. */
  readonly namesRegistry: boolean;
  readonly findings: readonly Finding[];
};

/** What a module may say of an install: which packages, from where. Nothing that names a program, a file or a proxy. */
const allowed =
  /^(?:registry|@[\w.~-]+:registry|\/\/[\w.:/@~%-]+:(?:_authToken|_auth|username|_password|email)|omit|include|legacy-peer-deps|strict-peer-deps|engine-strict|save-exact|prefer-dedupe|prefer-offline|fetch-retries|fetch-timeout|install-strategy|lockfile-version)$/;

const registry = /^(?:@.*:)?registry$|^\/\//;

/** Reads the `.npmrc` in a module's folder. Never throws; none is an empty one. */
export async function readNpmrc(folder: string): Promise<Npmrc> {
  const path = join(folder, '.npmrc');
  try {
    return allowedLines(await readDeclared(folder, path), path);
  } catch (error) {
    const findings = isAbsent(error) ? [] : [unread(path, error)];
    return { text: '', namesRegistry: false, findings };
  }
}

function allowedLines(text: string, path: string): Npmrc {
  const kept: string[] = [];
  const findings: Finding[] = [];
  let namesRegistry = false;
  for (const [index, line] of text
    .replace(/^\uFEFF/, '')
    .split(/\r\n|\r|\n/)
    .entries()) {
    const content = line.trim();
    if (content === '' || /^[;#]/.test(content)) continue;
    const [key = '', ...rest] = content.split('=');
    const name = key.trim();
    const value = rest.join('=').trim();
    const isList = name.endsWith('[]');
    const bare = isList ? name.slice(0, -2) : name;
    // What would be put in the place of a variable is the operator's, and quotes can hide one.
    if (!allowed.test(bare) || rest.length === 0 || /[$"'`\\]/.test(value)) {
      findings.push(ignored(path, index + 1, content));
      continue;
    }
    if (registry.test(bare)) namesRegistry = true;
    kept.push(`${name}=${value}`);
  }
  return { text: kept.map((line) => `${line}\n`).join(''), namesRegistry, findings };
}

/** The lines of somebody's own settings that hold no token. */
export function withoutCredentials(text: string): string {
  const lines = text.split(/\r?\n/);
  const plain = lines.filter((line) => {
    const [key = '', value = ''] = line.split(/=(.*)/s);
    return (
      !/auth|token|passw|user|email|cert|key|otp/i.test(key) && !/\$\{|:\/\/[^/]*@/.test(value)
    );
  });
  return plain.map((line) => `${line}\n`).join('');
}

/** Says that npm was given no token. */
export function withheldTokens(file: string): Finding {
  return {
    stage: 'dependencies',
    code: 'credentials_withheld',
    severity: 'info',
    message: `${basename(file)} says where packages come from, so none of your tokens and passwords are used.`,
    file,
    hint: 'To use them, move those lines into settings of your own, such as ~/.npmrc or PIP_INDEX_URL.',
  };
}

function ignored(file: string, line: number, content: string): Finding {
  const [key = ''] = /^[\w@:/.-]{1,60}/.exec(content) ?? [];
  return {
    stage: 'dependencies',
    code: 'npmrc_line_ignored',
    severity: 'warning',
    message: `The line ${key ? `\`${key}\` ` : ''}of the module's .npmrc is not used.`,
    file,
    line,
    hint: 'A module may name registries and say which packages it leaves out, without variables. Put the rest into your own ~/.npmrc.',
  };
}

function unread(file: string, error: unknown): Finding {
  return {
    stage: 'dependencies',
    code: 'npmrc_line_ignored',
    severity: 'warning',
    message: `The module's .npmrc ${whyUnread(error)}, so it is not used.`,
    file,
    hint: 'Put a file in its place, or remove it.',
  };
}
