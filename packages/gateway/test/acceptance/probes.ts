import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { call, type Question } from './call.ts';
import type { TestGateway } from './harness.ts';
import { until } from './until.ts';

/** What each attempt of an agent comes to, by what it tries. */
type Outcomes = Readonly<Record<string, string>>;

/** Ends every worker of a gateway, so that the next run starts one from the kept files. */
export async function killWorkers(gateway: TestGateway): Promise<void> {
  for (const { pid } of await gateway.workers()) {
    try {
      process.kill(pid, 'SIGKILL');
    } catch (error) {
      // The end of a sandbox ends what is in it, before its turn here.
      if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
    }
  }
}

/** Asks until there is an answer: the run that meets the end of a process fails with it. */
export function untilServed(gateway: TestGateway, question: Question): Promise<string> {
  return until(`an answer of ${question.model}`, async () => {
    return (await call(gateway, gateway.key, question)).content || null;
  });
}

/**
 * Lets an agent try everything that the table in docs/systems/security.md tells of.
 *
 * @param user - Whom its worker, and that of another agent, runs as; without it the gateway's own user.
 */
export async function probe(
  gateway: TestGateway,
  model: string,
  user: { readonly uid: number; readonly gid: number } | null = null,
): Promise<Outcomes> {
  const { root } = gateway.project;
  // Stands for the process of another agent: what counts is whose it is.
  const other = spawn('sleep', ['600'], { stdio: 'ignore', ...user });
  onTestFinished(() => void other.kill('SIGKILL'));
  await once(other, 'spawn');
  const attempts = {
    'read the key of the project': ['read', join(root, '.dropgate/dev-key')],
    'read the store': ['read', join(root, '.dropgate/gateway.db')],
    'read the upstream keys in .env': ['read', join(root, '.env')],
    'read the environment of the gateway': ['read', `/proc/${gateway.pid}/environ`],
    'read the .env of another agent': ['read', join(root, 'src/agents/_Other/.env')],
    'list what the gateway keeps': ['list', join(root, '.dropgate/generations')],
    'write into another agent': ['write', join(root, 'src/agents/_Other/notes.txt')],
    'signal the gateway': ['signal', String(gateway.pid)],
    'signal another agent': ['signal', String(other.pid)],
    'read the environment of another agent': ['read', `/proc/${other.pid}/environ`],
    'start a program': ['spawn', process.execPath],
    'connect to the gateway': ['connect', new URL(gateway.url).port],
  };
  const content = JSON.stringify(Object.values(attempts));
  const answer = await untilServed(gateway, { model, content });
  const outcomes: string[] = JSON.parse(answer);
  return Object.fromEntries(
    Object.keys(attempts).map((name, index) => [name, outcomes[index] ?? '']),
  );
}
