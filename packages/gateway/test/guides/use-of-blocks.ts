import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Block, blocksOf, guidePages } from './pages.ts';

/**
 * What a test does with a block: runs it in a shell, puts it where it says as a file that is then served or run, takes it
 * as settings, reads it as JSON, runs it in the nightly tests, or nothing. What is `shown` is output, and no block to run.
 */
export type Use = 'run' | 'put' | 'settings' | 'json' | 'nightly' | 'not run' | 'shown';

/** A block that is left out here: its page and how its text begins. */
export type LeftOut = {
  readonly page: string;
  readonly begins: string;
  readonly reason: string;
  /** The nightly tests run it. */
  readonly nightly?: true;
};

/** Blocks that no test runs, or only those at night, with the reasons. */
export const leftOut: readonly LeftOut[] = JSON.parse(
  readFileSync(join(import.meta.dirname, 'left-out.json'), 'utf8'),
);

/** Languages of files; without a name such a block is a piece of one. */
const files: readonly string[] = ['ts', 'tsx', 'js', 'python', 'ini', 'xml', 'nginx', 'toml'];

/** A text that begins with a program is a command, whatever its fence says. */
const command =
  /^\$? ?(npx |dropgate |npm |curl |docker |helm |kubectl |systemctl |sudo |make |pip )/;

/** What is done with a block. Throws where nobody said what it is. */
export function useOf(block: Block): Use {
  const left = leftOut.find((one) => isOf(one, block));
  if (left) return left.nightly ? 'nightly' : 'not run';
  if (block.language === 'sh') return 'run';
  if (block.file !== null && !isSettings(block.file)) return 'put';
  if (block.language === 'yaml') return 'settings';
  if (block.language === 'json') return 'json';
  if (block.language === 'text' && !command.test(block.text)) return 'shown';
  const kind = files.includes(block.language) ? 'names no file' : 'is run by no test';
  throw new Error(
    `${block.page}:${block.line}: this block ${kind}. Give it a file (\`// src/agents/Name/agent.ts\`), make it \`sh\`, or list it in left-out.json.`,
  );
}

/** Whether a line of the list is about a block. */
export function isOf(one: LeftOut, block: Block): boolean {
  return one.page === block.page && block.text.startsWith(one.begins);
}

/**
 * Pages that are followed at night alone: what they are about is proven by day by the tests of choosing an agent, of
 * approvals and of tools.
 */
export const nightlyPages: readonly string[] = [
  'docs/guides/AgentBuilder.md',
  'docs/guides/Approvals.md',
  'docs/guides/SDKOnboarding.md',
  'docs/guides/Tools.md',
];

/**
 * Pages that a test of their own follows: the runbook closes a namespace (`runbook.test.ts`), deployment is about a project
 * without a gateway (`deploy/guide.test.ts`), testing about one with programs for tests (`acceptance/testing-guide.test.ts`).
 */
const pagesWithTests: readonly string[] = [
  'docs/guides/Deployment.md',
  'docs/guides/OperatorRunbook.md',
  'docs/guides/Testing.md',
];

/** The pages that are followed by day. */
export const pagesByDay: readonly string[] = guidePages().filter(
  (page) =>
    !pagesWithTests.includes(page) &&
    !nightlyPages.includes(page) &&
    blocksOf(page).some((block) => ['run', 'put'].includes(useOf(block))),
);

/** Those of them that have blocks for the night. */
export const pagesWithNightlyBlocks: readonly string[] = pagesByDay.filter((page) =>
  blocksOf(page).some((block) => useOf(block) === 'nightly'),
);

/** Settings are checked and not taken over: the pages share a gateway. */
function isSettings(file: string): boolean {
  return file === 'gateway.yaml';
}
