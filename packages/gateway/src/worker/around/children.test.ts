import { expect, test } from 'vitest';
import { startNodeWorker, writeModule } from '../../../test/support/node-worker.ts';

const files = {
  'agent.ts': `
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { Worker } from 'node:worker_threads';

export const agent = {
  async *run() {
    const child = fork('./task.ts', ['forked']);
    yield (await once(child, 'message'))[0];
    const thread = new Worker(new URL('./task.ts', import.meta.url), { argv: ['threaded'] });
    yield (await once(thread, 'message'))[0];
    const plain = new Worker('process.exit(7)', { eval: true });
    yield String((await once(plain, 'exit'))[0]);
  },
};
`,
  'task.ts': `
import { Agent } from '@openai/agents';
import { parentPort } from 'node:worker_threads';
import { greet } from './greet';

enum Kind { Task = 'task' }
const said = new Agent({ name: greet(process.argv[2]) + ' ' + Kind.Task + '. ' }).name;
if (parentPort) parentPort.postMessage(said);
else process.send(said);
`,
  'greet.ts': 'export const greet = (how: string): string => "A " + how;\n',
};

test('a file beside the module runs in a process or a thread as the module itself does', async () => {
  const load = await writeModule(files);
  const worker = await startNodeWorker(load.folder);
  const answer = await worker.load(load);
  expect(answer).toMatchObject({ type: 'loaded' });
  worker.run('hi');
  for (const delta of ['A forked task. ', 'A threaded task. ', '7']) {
    expect(await worker.next('event')).toMatchObject({ event: { type: 'text', delta } });
  }
});
