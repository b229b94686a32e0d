import { join } from 'node:path';
import { expect, test } from 'vitest';
import { startNodeWorker, writeModule } from '../../../test/support/node-worker.ts';
import { runInput } from '../../../test/support/worker-run.ts';
import { isLastEvent, type RunEvent } from '../../protocol/run.ts';

test('a run goes on in another process, with a conversation of some megabytes', async () => {
  const load = await writeModule({
    'agent.ts': `
      import { Agent, tool, Usage } from '@openai/agents';
      import { assistantMessage, functionCall } from '@openai/agents/testing';
      const model = {
        async getResponse({ input }: { input: unknown }) {
          const isDone = JSON.stringify(input).includes('function_call_result');
          const call = functionCall('burn', { thing: 'book' }, { callId: 'c1' });
          return { usage: new Usage(), output: [isDone ? assistantMessage('Burnt.') : call] };
        },
      };
      const burn = tool({
        name: 'burn',
        description: 'Burns a thing.',
        strict: false,
        parameters: { type: 'object', properties: {}, required: [], additionalProperties: true },
        needsApproval: true,
        execute: (_input, context) => 'for ' + (context?.context as { run_id: string }).run_id,
      });
      export const agent = new Agent({ name: 'Burner', model: model as never, tools: [burn] });`,
  });
  const text = 'Burn it. '.repeat(300_000);
  const items = [{ role: 'user', parts: [{ type: 'text', text }] }] as const;
  const input = runInput({ items, tellsItems: true });
  const started = async () => {
    const worker = await startNodeWorker(join(load.folder, '..'));
    expect((await worker.load(load)).type).toBe('loaded');
    return worker;
  };
  const first = await started();
  first.run('', { input });
  const { event } = await first.next('event');
  if (event.type !== 'interrupted') throw new Error(`It ended with ${event.type}.`);
  expect(event.state.length).toBeGreaterThan(text.length);
  expect(event.approvals).toMatchObject([{ callId: 'c1', tool: 'burn' }]);
  first.send({ type: 'shutdown' });
  await first.ended;
  const second = await started();
  const decisions = [{ callId: 'c1', approve: true }];
  second.run('', { runId: 'run_2', input, resume: { state: event.state, decisions, results: [] } });
  const said: RunEvent[] = [];
  do said.push((await second.next('event')).event);
  while (said.every((one) => !isLastEvent(one)));
  expect(said.map(({ type }) => type)).toEqual(['tool_started', 'tool_ended', 'text', 'finished']);
  expect(said.at(-1)).toMatchObject({
    items: [{ role: 'tool_call' }, { role: 'tool_result' }, { role: 'assistant', text: 'Burnt.' }],
  });
});
