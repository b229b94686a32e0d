import { Agent, RunContext, tool } from '@openai/agents';
import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { startUpstream } from '../../../test/support/scripted-upstream.ts';
import {
  eventsOf,
  loadedModule,
  modelAt,
  runInput,
  textOf,
} from '../../../test/support/worker-run.ts';
import type { RunContext as Given } from '../../protocol/run.ts';

/** No JSON, and not for anybody to keep. */
class Visitor {
  readonly runId: string;
  readonly secret = 'hunter2';
  readonly self = this;
  readonly open = () => true;

  constructor({ run_id }: Given) {
    this.runId = run_id;
  }
}

async function doorman() {
  const call = { name: 'let_in', args: { who: 'Bob' } };
  const upstream = await startUpstream({ calls: [call] }, { text: ['Come in.'] });
  const seen: string[] = [];
  const letIn = tool({
    name: 'let_in',
    description: 'x',
    parameters: z.object({ who: z.string() }),
    needsApproval: true,
    isEnabled: ({ runContext }) => (runContext.context as Visitor).open(),
    execute: (_input, { context } = new RunContext<unknown>()) => {
      seen.push((context as Visitor).runId);
      return 'done';
    },
  });
  const agent = new Agent({ name: 'Doorman', model: modelAt(upstream.baseUrl), tools: [letIn] });
  const makeContext = (request: Given) => new Visitor(request);
  return { module: { ...loadedModule(agent), makeContext }, seen, upstream };
}

async function stateOf(module: Parameters<typeof eventsOf>[0]): Promise<string> {
  const last = (await eventsOf(module)).at(-1);
  return last?.type === 'interrupted' ? last.state : '';
}

function goOn(module: Parameters<typeof eventsOf>[0], state: string) {
  const decisions = [{ callId: 'call_let_in', approve: true }];
  const context = {
    request_id: 'req_2',
    run_id: 'run_2',
    key: { id: 'key_1', name: 'alice' },
    metadata: {},
    model_id: 'default/sample',
  };
  return eventsOf(module, { context, resume: { state, decisions, results: [] } });
}

describe('the state of a run that waits', () => {
  test('has nothing of its context, which is made anew where the run goes on', async () => {
    const { module, seen } = await doorman();
    const state = await stateOf(module);
    expect(JSON.parse(state).context.context).toEqual({});
    expect(state).not.toContain('hunter2');
    expect(textOf(await goOn(module, state))).toBe('Come in.');
    expect(seen).toEqual(['run_2']);
  });

  test.each([
    { what: 'no JSON', change: () => 'nonsense' },
    { what: 'no object', change: () => 'null' },
    {
      what: 'of a version that is not known',
      change: (state: string) =>
        state.replace(/"\$schemaVersion":"[^"]+"/, '"$schemaVersion":"9.9"'),
    },
    {
      what: 'of another agent',
      change: (state: string) => state.replaceAll('"Doorman"', '"Butler"'),
    },
    {
      what: 'of a run that waits for nothing',
      change: (state: string) =>
        JSON.stringify({ ...JSON.parse(state), currentStep: { type: 'next_step_run_again' } }),
    },
  ])('that is $what cannot be gone on with', async ({ change }) => {
    const { module, seen, upstream } = await doorman();
    const events = await goOn(module, change(await stateOf(module)));
    expect(events).toMatchObject([
      {
        type: 'failed',
        code: 'run_state_unreadable',
        message: expect.stringContaining('Ask anew'),
        detail: { stage: 'run' },
      },
    ]);
    expect(seen).toEqual([]);
    expect(upstream.calls).toHaveLength(1);
  });

  test('that is too large to be kept ends the run', async () => {
    const call = { name: 'let_in', args: { who: 'Bob' } };
    const upstream = await startUpstream({ calls: [call] });
    const letIn = tool({
      name: 'let_in',
      description: 'x',
      parameters: z.object({ who: z.string() }),
      needsApproval: true,
      execute: () => 'never',
    });
    const agent = new Agent({ name: 'Doorman', model: modelAt(upstream.baseUrl), tools: [letIn] });
    const text = 'x'.repeat(6 * 1024 * 1024);
    const input = runInput({ items: [{ role: 'user', parts: [{ type: 'text', text }] }] });
    expect(await eventsOf(loadedModule(agent), { input })).toMatchObject([
      { type: 'failed', code: 'run_failed', message: expect.stringContaining('larger than 6 MiB') },
    ]);
  });
});
