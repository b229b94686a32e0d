import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type Part, runProgram } from './part.ts';
import type { NightlyFinding } from './report.ts';

/** What keys look like: those of the gateway, of model providers, of clouds and code hosts, and private keys. */
const shapes: Readonly<Record<string, RegExp>> = {
  'a key of the gateway': /\bdg_[A-Za-z0-9_-]{43}\b/,
  'a token of a gateway': /\bdgl_[A-Za-z0-9_-]{43}\b/,
  'a key of OpenAI': /\bsk-(?:proj-|svcacct-|admin-)?[A-Za-z0-9_-]*T3BlbkFJ[A-Za-z0-9_-]+/,
  'a key of Anthropic': /\bsk-ant-[A-Za-z0-9_-]{32,}/,
  'a key of AWS': /\b(?:AKIA|ASIA)[0-9A-Z]{16}\b/,
  'a key of Google': /\bAIza[0-9A-Za-z_-]{35}\b/,
  'a token of GitHub': /\b(?:gh[pousr]_[A-Za-z0-9]{36}|github_pat_[A-Za-z0-9_]{60,})/,
  'a token of Slack': /\bxox[abprs]-[0-9A-Za-z-]{20,}/,
  'a token of npm': /\bnpm_[A-Za-z0-9]{36}\b/,
  'a token of PyPI': /\bpypi-AgE[A-Za-z0-9_-]{50,}/,
  'a private key': /-----BEGIN (?:[A-Z]+ )*PRIVATE KEY-----/,
};

/** Files that are given away with secrets in them, by name. */
const secretFiles = /(?:^|\/)(?:\.env|\.npmrc|\.netrc|id_(?:rsa|ed25519)|upstream\.env|dev-key)$/;

/** Larger ones are data. */
const MAX_BYTES = 5 * 1024 * 1024;

/** Key material among the files that are under version control. */
export const keysInTree: Part = async ({ root }) => {
  const listed = await runProgram(['git', 'ls-files', '-z'], { cwd: root, timeoutMs: 60_000 });
  if (listed.code !== 0) throw new Error(`git ls-files failed: ${listed.stderr}`);
  const paths = listed.stdout.split('\0').filter((path) => path !== '');
  const findings: NightlyFinding[] = [];
  for (const path of paths) {
    const bytes = await readFile(join(root, path)).catch(() => null);
    if (bytes === null || bytes.length > MAX_BYTES) continue;
    findings.push(...keysIn(path, bytes.toString('latin1')));
  }
  return { findings, notes: [`${paths.length} files.`] };
};

/** What looks like a key in a file; a line and a kind each, and never the key. */
export function keysIn(path: string, text: string): readonly NightlyFinding[] {
  const fix =
    'Take it out of the tree and its history, and revoke it where it is good for anything.';
  if (secretFiles.test(path)) return [{ what: `${path} is a file for secrets.`, fix }];
  return text.split('\n').flatMap((line, at) =>
    Object.entries(shapes)
      .filter(([, shape]) => shape.test(line))
      .map(([kind]) => ({ what: `${path}:${at + 1} has ${kind}.`, fix })),
  );
}
