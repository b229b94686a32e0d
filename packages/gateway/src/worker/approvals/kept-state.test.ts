import { Agent, tool } from '@openai/agents';
import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { approved, goOn } from '../../../test/support/approval-kit.ts';
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
    execute: (_input, context) => {
      const { runId } = { ...(context?.context as Visitor | undefined) };
      seen.push(String(runId));
      return 'done';
    },
  });
  const agent = new Agent({ name: 'Doorman', model: modelAt(upstream.baseUrl), tools: [letIn] });
  const makeContext = (request: Given) => new Visitor(request);
  return { module: { ...loadedModule(agent), makeContext }, seen, upstream };
}

const decisions = approved('call_let_in');

async function stateOf(module: Parameters<typeof eventsOf>[0]): Promise<string> {
  const last = (await eventsOf(module)).at(-1);
  return last?.type === 'interrupted' ? last.state : '';
}

describe('the state of a run that waits', () => {
  test('has nothing of its context, which is made anew where the run goes on', async () => {
    const { module, seen } = await doorman();
    const state = await stateOf(module);
    expect(JSON.parse(state).context.context).toEqual({});
    expect(state).not.toContain('hunter2');
    expect(textOf(await goOn(module, { state, decisions }))).toBe('Come in.');
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
    const events = await goOn(module, { state: change(await stateOf(module)), decisions });
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
      {
        type: 'failed',
        code: 'approval_unsupported',
        message: expect.stringContaining('larger than 6 MiB'),
      },
    ]);
  });
});
