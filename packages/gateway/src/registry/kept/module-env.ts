import { join } from 'node:path';
import type { Finding } from '../../protocol/diagnostics.ts';
import { readEnvFile } from '../../protocol/text/env-file.ts';
import {
  DECLARATION_LIMIT_BYTES,
  isAbsent,
  readOwnBytes,
  textOf,
  whyUnread,
} from '../../system/files.ts';

/** A module's `.env` for its worker alone, and what is wrong with it. */
export type ModuleEnv = {
  /** What it holds; null where there is none, or it is not read. */
  readonly bytes: Buffer | null;
  readonly values: Readonly<Record<string, string>>;
  readonly findings: readonly Finding[];
};

const brokerVariables = ['OPENAI_API_KEY', 'OPENAI_BASE_URL'];

/** Reads `<folder>/.env`; none is an empty one. Values never appear in a finding. */
export async function readModuleEnv(folder: string): Promise<ModuleEnv> {
  const path = join(folder, '.env');
  const bounds = { within: folder, limitBytes: DECLARATION_LIMIT_BYTES };
  const { bytes, text, unread } = await readOwnBytes(path, bounds)
    .then((read) => ({ bytes: read, text: textOf(read, path), unread: [] }))
    .catch((error: unknown) => ({ bytes: null, text: '', unread: explainUnread(path, error) }));
  const { values, unreadLines } = readEnvFile(text);
  const taken = Object.keys(values).filter((name) => brokerVariables.includes(name));
  return {
    bytes,
    values: withoutBrokerVariables(values),
    findings: [
      ...unread,
      ...taken.map((name) => withoutEffect(name, path, text)),
      ...unreadLines.map((line) => withoutValue(path, line)),
    ],
  };
}

/** What a worker is given beside the way to models: the module's own variables, and over them what the operator gives. */
export function withGiven(
  own: NodeJS.Dict<string>,
  given: Readonly<Record<string, string>>,
): Record<string, string> {
  return withoutBrokerVariables({ ...own, ...given });
}

/** The variables that a module may set: those that lead to models are the gateway's. */
function withoutBrokerVariables(parsed: NodeJS.Dict<string>): Record<string, string> {
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
    hint: `Move ${name} to .dropgate/upstream.env in the project root, or make it an upstream in gateway.yaml.`,
  };
}

/** The line itself is not quoted: it may be half of a secret. */
function withoutValue(path: string, line: number): Finding {
  return {
    stage: 'metadata',
    code: 'env_line_unread',
    severity: 'warning',
    message: `Line ${line} of the module's .env sets nothing: it is no \`NAME=value\`.`,
    file: path,
    line,
    hint: 'Write it as `NAME=value`, or begin it with `#`.',
  };
}

/** One that is not there is none, and nothing to speak of. */
function explainUnread(path: string, error: unknown): Finding[] {
  if (isAbsent(error)) return [];
  return [
    {
      stage: 'metadata',
      code: 'env_unreadable',
      severity: 'warning',
      message: `The module's .env ${whyUnread(error)}, so the module runs without it.`,
      file: path,
      hint: 'Put a text file in UTF-8 there that the user the gateway runs as may read, or remove it.',
    },
  ];
}

function lineOf(text: string, name: string): number {
  const pattern = new RegExp(`^\\s*(export\\s+)?${name}\\s*=`);
  return text.split('\n').findIndex((line) => pattern.test(line)) + 1;
}
