import { readdir } from 'node:fs/promises';
import { basename, dirname, join, relative } from 'node:path';
import type { z } from 'zod';
import type { AgentStatus } from '../../protocol/admin/agents-answer.ts';
import { type RunTest, runTestAnswer, runTestVersion } from '../../protocol/admin/run-test.ts';
import { isAbsent, readOwnText, whyUnread } from '../../system/files.ts';

/** A case of 16 MiB is twice as large where it is all quotes; nothing that is larger is one. */
const CASE_LIMIT_BYTES = 64 * 1024 * 1024;

/** So much is told of a case that is none. */
const MAX_PROBLEMS = 3;

/** A file beside an agent. It is read when its turn comes: together they may be too much to hold. */
export type CaseFile = {
  readonly agentId: string;
  /** Of the file, without its ending. */
  readonly name: string;
  /** Below the project root. */
  readonly path: string;
  /** Null where it is of another agent of the folder. @throws CaseError */
  readonly read: () => Promise<RunTest | null>;
};

/** A file is no case; `message` says what is wrong and what to do. */
export class CaseError extends Error {
  override readonly name = 'CaseError';
}

/** What lies in the `tests` folder beside each of these agents, by name. */
export async function findCases(
  projectRoot: string,
  wanted: readonly AgentStatus[],
  all: readonly AgentStatus[],
): Promise<CaseFile[]> {
  const found: CaseFile[] = [];
  for (const { id: agentId, module_path } of wanted) {
    const home = dirname(module_path);
    const sharers = all.filter((each) => dirname(each.module_path) === home).map(({ id }) => id);
    const folder = join(projectRoot, home, 'tests');
    for (const file of await jsonFilesIn(folder)) {
      const path = relative(projectRoot, join(folder, file));
      const read = async () => {
        const test = await readCase(join(folder, file), folder);
        return isOf(test, agentId, sharers) ? test : null;
      };
      found.push({ agentId, name: basename(file, '.json'), path, read });
    }
  }
  return found;
}

async function jsonFilesIn(folder: string): Promise<string[]> {
  try {
    const names = await readdir(folder);
    return names.filter((name) => name.endsWith('.json') && !name.startsWith('.')).toSorted();
  } catch (error) {
    if (isAbsent(error)) return [];
    throw error;
  }
}

/** Agents in files of one folder share its cases, which name theirs; in a folder of its own an agent may have got another name. */
function isOf({ agent }: RunTest, agentId: string, sharers: readonly string[]): boolean {
  if (sharers.length === 1 || agent === agentId) return true;
  if (sharers.includes(agent)) return false;
  throw new CaseError(
    `agent is ${agent}, which is none of those beside it: ${sharers.join(', ')}. Write the one that it is for.`,
  );
}

async function readCase(path: string, within: string): Promise<RunTest> {
  const text = await readOwnText(path, { within, limitBytes: CASE_LIMIT_BYTES }).catch(
    (error: unknown) => {
      throw new CaseError(`It ${whyUnread(error)}.`, { cause: error });
    },
  );
  return toCase(parse(text));
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

function toCase(value: unknown): RunTest {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new CaseError(`It is no JSON object. ${recordAnew}`);
  }
  const { version } = value as { readonly version?: unknown };
  if (typeof version === 'number' && version !== runTestVersion) {
    throw new CaseError(
      `version is ${version}, and this dropgate knows ${runTestVersion}. Update dropgate, or write it anew with \`dropgate runs to-test <run> --force\`.`,
    );
  }
  const parsed = runTestAnswer.safeParse(value);
  if (parsed.success) return parsed.data;
  const { issues } = parsed.error;
  const problems = issues.slice(0, MAX_PROBLEMS).map((issue) => problemOf(issue, value));
  const more = issues.length - problems.length;
  throw new CaseError(
    `${problems.join('; ')}${more > 0 ? `; and ${more} more` : ''}. ${recordAnew}`,
  );
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
  return value === undefined ? `${field} is missing` : `${field}: ${message}`;
}
