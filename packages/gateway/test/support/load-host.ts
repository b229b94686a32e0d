import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { afterAll, beforeAll } from 'vitest';
import type { Finding } from '../../src/protocol/diagnostics.ts';
import type { Manifest, ModuleLoad } from '../../src/protocol/records.ts';
import type { FromWorker } from '../../src/protocol/worker/messages.ts';
import { compileCache } from './compile-cache.ts';

const host = join(import.meta.dirname, '../fixtures/load-host.ts');

type Answer = Extract<FromWorker, { type: 'loaded' } | { type: 'load_failed' }>;

/**
 * One process for all modules that the tests of a file load, one at a time: a worker each would cost more than all
 * they do. What ends the process (an exit, a stray error) takes a worker of its own, see `startNodeWorker`.
 */
export function useLoadHost() {
  let child: ChildProcess | undefined;
  beforeAll(() => {
    const env = { PATH: process.env.PATH, NODE_COMPILE_CACHE: compileCache };
    child = fork(host, { env, execArgv: [], stdio: ['ignore', 'ignore', 'inherit', 'ipc'] });
  });
  afterAll(() => {
    child?.kill('SIGKILL');
  });

  async function load(asked: ModuleLoad): Promise<Answer> {
    if (!child) throw new Error('The tests have not begun.');
    const settled = new AbortController();
    const { signal } = settled;
    const ended = once(child, 'exit', { signal }).then(() => {
      throw new Error('The module ended the process that loads it.');
    });
    const answered = once(child, 'message', { signal });
    child.send({ load: asked, projectRoot: join(asked.folder, '..') });
    const [answer] = (await Promise.race([answered, ended])) as [Answer];
    settled.abort();
    return answer;
  }

  return {
    load,
    /** What a module turned out to be; throws its findings. */
    async manifestOf(asked: ModuleLoad): Promise<Manifest> {
      const answer = await load(asked);
      if (answer.type === 'loaded') return answer.manifest;
      throw new Error(`The module did not load: ${JSON.stringify(answer.findings, null, 2)}`);
    },
    /** The first finding of a module that must not load. */
    async findingOf(asked: ModuleLoad): Promise<Finding> {
      const answer = await load(asked);
      if (answer.type === 'load_failed' && answer.findings[0]) return answer.findings[0];
      throw new Error('The module loaded.');
    },
  };
}
