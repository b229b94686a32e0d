import { realpath } from 'node:fs/promises';
import { join, sep } from 'node:path';
import { parseEnv } from 'node:util';
import type { Finding } from '../../protocol/diagnostics.ts';
import { readPlainText } from '../../system/files.ts';

/** A module's `.env` for its worker alone, and what is wrong with it. */
export type ModuleEnv = {
  /** Null where it is there and not read. */
  readonly path: string | null;
  readonly values: Readonly<Record<string, string>>;
  readonly findings: readonly Finding[];
};

const brokerVariables = ['OPENAI_API_KEY', 'OPENAI_BASE_URL'];

/** Reads `<folder>/.env`; none is an empty one. Values never appear in a finding. */
export async function readModuleEnv(folder: string): Promise<ModuleEnv> {
  const path = join(folder, '.env');
  const { text, unread } = await readOwn(folder, path).then(
    (read) => ({ text: read, unread: [] }),
    (error: unknown) => ({ text: '', unread: explainUnread(path, error) }),
  );
  const parsed = parseEnv(text);
  const taken = Object.keys(parsed).filter((name) => brokerVariables.includes(name));
  return {
    path: unread.length > 0 ? null : path,
    values: withoutBrokerVariables(parsed),
    findings: [...unread, ...taken.map((name) => withoutEffect(name, path, text))],
  };
}

/** A link may not lead out of the folder: the gateway reads more than a module may, the project's own keys too. */
async function readOwn(folder: string, path: string): Promise<string> {
  const [home, real] = await Promise.all([realpath(folder), realpath(path)]);
  if (real.startsWith(home + sep)) return readPlainText(real);
  throw Object.assign(new Error(`${path} leads out of its module.`), { code: 'OUTSIDE' });
}

/** The variables that a module may set: those that lead to models are the gateway's. */
export function withoutBrokerVariables(parsed: NodeJS.Dict<string>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(parsed).flatMap(([name, value]) =>
      value === undefined || brokerVariables.includes(name) ? [] : [[name, value]],
    ),
  );
}

function withoutEffect(name: string, path: string, text: string): Finding {
  return {
    stage: 'metadata',
    code: 'upstream_key_in_module',
    severity: 'warning',
    message: `${name} in a module's .env has no effect: agents reach models through the gateway.`,
    file: path,
    line: lineOf(text, name),
    hint: `Move ${name} to the .env in the project root, or make it an upstream in gateway.yaml.`,
  };
}

const unreadable: Readonly<Record<string, string>> = {
  NOTFILE: 'is not a file',
  EISDIR: 'is not a file',
  OUTSIDE: 'is a link that leads out of its folder',
};

/** One that is not there is none, and nothing to speak of. */
function explainUnread(path: string, error: unknown): Finding[] {
  const code = error instanceof Error && 'code' in error ? String(error.code) : 'unknown';
  if (code === 'ENOENT' || code === 'ENOTDIR') return [];
  const why = unreadable[code] ?? `cannot be read (${code})`;
  return [
    {
      stage: 'metadata',
      code: 'env_unreadable',
      severity: 'warning',
      message: `The module's .env ${why}, so the module runs without it.`,
      file: path,
      hint: 'Put a file there that the user the gateway runs as may read, or remove it.',
    },
  ];
}

function lineOf(text: string, name: string): number {
  const pattern = new RegExp(`^\\s*(export\\s+)?${name}\\s*=`);
  return text.split('\n').findIndex((line) => pattern.test(line)) + 1;
}
