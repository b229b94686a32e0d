import { readdir } from 'node:fs/promises';
import { basename, dirname, extname, join, relative } from 'node:path';
import { parse as parseYaml } from 'yaml';
import type { z } from 'zod';
import type { AgentStatus } from '../../protocol/admin/agents-answer.ts';
import { type RunTest, runTestAnswer, runTestVersion } from '../../protocol/admin/run-test.ts';
import { type WrittenTest, writtenTestSchema } from '../../protocol/admin/written-test.ts';
import { isAbsent, readOwnText, whyUnread } from '../../system/files.ts';

/** A case of 16 MiB is twice as large where it is all quotes; nothing that is larger is one. */
const CASE_LIMIT_BYTES = 64 * 1024 * 1024;

/** Of files that are cases. */
const endings: ReadonlySet<string> = new Set(['.json', '.yaml', '.yml']);

/** So much is told of a case that is none. */
const MAX_PROBLEMS = 3;

/** A file beside an agent. It is read when its turn comes: together they may be too much to hold. */
export type CaseFile = {
  readonly agentId: string;
  /** Of the file, without its ending. */
  readonly name: string;
  /** Below the project root. */
  readonly path: string;
  /** @throws CaseError */
  readonly read: () => Promise<Case>;
};

/** What a run did, or what an author wrote. */
export type Case =
  | { readonly type: 'recorded'; readonly test: RunTest }
  | { readonly type: 'written'; readonly test: WrittenTest };

/** A file is no case; `message` says what is wrong and what to do. */
export class CaseError extends Error {
  override readonly name = 'CaseError';
}

/** What lies in the `tests` folder beside each of these agents, by name. A folder has one agent. */
export async function findCases(
  projectRoot: string,
  agents: readonly AgentStatus[],
): Promise<CaseFile[]> {
  const found: CaseFile[] = [];
  for (const { id: agentId, module_path } of agents) {
    const folder = join(projectRoot, dirname(module_path), 'tests');
    for (const file of await caseFilesIn(folder)) {
      found.push({
        agentId,
        name: basename(file, extname(file)),
        path: relative(projectRoot, join(folder, file)),
        read: () => readCase(join(folder, file), folder),
      });
    }
  }
  return found;
}

async function caseFilesIn(folder: string): Promise<string[]> {
  try {
    const names = await readdir(folder);
    return names.filter((name) => endings.has(extname(name)) && !name.startsWith('.')).toSorted();
  } catch (error) {
    if (isAbsent(error)) return [];
    throw error;
  }
}

async function readCase(path: string, within: string): Promise<Case> {
  const text = await readOwnText(path, { within, limitBytes: CASE_LIMIT_BYTES }).catch(
    (error: unknown) => {
      throw new CaseError(`It ${whyUnread(error)}.`, { cause: error });
    },
  );
  return toCase(extname(path) === '.json' ? parse(text) : parseYamlText(text));
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new CaseError(`It is no JSON: ${(error as Error).message}. ${recordAnew}`, {
      cause: error,
    });
  }
}

const recordAnew = 'Correct it, or write it anew with `dropgate runs to-test <run> --force`.';

function parseYamlText(text: string): unknown {
  try {
    return parseYaml(text);
  } catch (error) {
    const [message] = (error as Error).message.split('\n', 1);
    throw new CaseError(`It is no YAML: ${message} Correct it.`, { cause: error });
  }
}

function toCase(value: unknown): Case {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new CaseError(`It is no object. ${recordAnew}`);
  }
  if ('model_calls' in value || 'version' in value) {
    return { type: 'recorded', test: toRecorded(value) };
  }
  const test = checked(
    writtenTestSchema,
    value,
    'Correct it: see docs/authors.md, "Test an agent".',
  );
  return { type: 'written', test };
}

function toRecorded(value: object): RunTest {
  const { version } = value as { readonly version?: unknown };
  if (typeof version === 'number' && version !== runTestVersion) {
    throw new CaseError(
      `version is ${version}, and this dropgate knows ${runTestVersion}. Update dropgate, or write it anew with \`dropgate runs to-test <run> --force\`.`,
    );
  }
  return checked(runTestAnswer, value, recordAnew);
}

/** @param remedy - What to do where it does not fit. */
function checked<Schema extends z.ZodType>(
  schema: Schema,
  value: unknown,
  remedy: string,
): z.output<Schema> {
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  const { issues } = parsed.error;
  const problems = issues.slice(0, MAX_PROBLEMS).map((issue) => problemOf(issue, value));
  const more = issues.length - problems.length;
  throw new CaseError(`${problems.join('; ')}${more > 0 ? `; and ${more} more` : ''}. ${remedy}`);
}

function problemOf({ path, message }: z.core.$ZodIssue, root: unknown): string {
  const field = path.reduce<string>(
    (text, part) =>
      typeof part === 'number' ? `${text}[${part}]` : `${text}${text && '.'}${String(part)}`,
    '',
  );
  const value = path.reduce<unknown>(
    (inner, part) =>
      typeof inner === 'object' && inner !== null
        ? (inner as Readonly<Record<PropertyKey, unknown>>)[part]
        : undefined,
    root,
  );
  if (value === undefined) return `${field} is missing`;
  return field === '' ? message : `${field}: ${message}`;
}
