import { readdir } from 'node:fs/promises';
import { basename, dirname, extname, join, relative } from 'node:path';
import type { AgentStatus } from '../protocol/admin/agents-answer.ts';
import { type RunTest, runTestAnswer, runTestVersion } from '../protocol/admin/run-test.ts';
import { type WrittenTest, writtenTestSchema } from '../protocol/admin/written-test.ts';
import { isAbsent, whyUnread } from '../system/files.ts';
import { checkSource } from './check-source.ts';
import { isGenericFile } from './generic/generic-settings.ts';
import { CaseError, type CaseSource, readSource, recordAnew } from './read-value.ts';

/** Of files that are cases. */
const endings: ReadonlySet<string> = new Set(['.json', '.yaml', '.yml']);

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

/** What lies in the `tests` folder beside each of these agents, by name. A folder has one agent. */
export async function findCases(
  projectRoot: string,
  agents: readonly Pick<AgentStatus, 'id' | 'module_path'>[],
): Promise<CaseFile[]> {
  const found: CaseFile[] = [];
  for (const { id: agentId, module_path } of agents) {
    const folder = testsFolder(projectRoot, module_path);
    const files = await caseFilesIn(folder);
    if (files instanceof CaseError) {
      const read = () => Promise.reject(files);
      found.push({ agentId, name: 'tests', path: relative(projectRoot, folder), read });
      continue;
    }
    for (const file of files) {
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

/** Where the cases of an agent lie. */
export function testsFolder(projectRoot: string, modulePath: string): string {
  return join(projectRoot, dirname(modulePath), 'tests');
}

/** A folder that cannot be read is told of as a case that cannot. */
async function caseFilesIn(folder: string): Promise<readonly string[] | CaseError> {
  try {
    const names = await readdir(folder);
    return names
      .filter((name) => endings.has(extname(name)) && !name.startsWith('.') && !isGenericFile(name))
      .toSorted();
  } catch (error) {
    if (isAbsent(error)) return [];
    return new CaseError(`It ${whyUnread(error)}.`, { cause: error });
  }
}

async function readCase(path: string, within: string): Promise<Case> {
  const source = await readSource(path, within);
  const { value } = source;
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new CaseError(`It is no object. ${recordAnew}`);
  }
  if ('model_calls' in value || 'version' in value) {
    return { type: 'recorded', test: toRecorded(source, value) };
  }
  const remedy = 'Correct it: see "Write a case" in docs/guides/Testing.md.';
  return { type: 'written', test: checkSource(writtenTestSchema, source, remedy) };
}

function toRecorded(source: CaseSource, value: object): RunTest {
  const { version } = value as { readonly version?: unknown };
  if (typeof version === 'number' && version !== runTestVersion) {
    throw new CaseError(
      `version is ${version}, and this dropgate knows ${runTestVersion}. Update dropgate, or write it anew with \`dropgate runs to-test <run> --force\`.`,
    );
  }
  return checkSource(runTestAnswer, source, recordAnew);
}
