import { describe, expect, test } from 'vitest';
import { all, answer, caller, input, scene, usage } from '../../test/support/run-scene.ts';
import type { GatewayEvent } from '../events.ts';
import { eventsOf } from '../protocol/run-sink.ts';

/** What was decided, as `action resource answer rule`. */
function decisions(emitted: readonly GatewayEvent[]): string[] {
  return emitted.flatMap((event) =>
    event.type === 'access_decided'
      ? `${event.question.action} ${event.question.resource} ${event.decision.answer} ${event.decision.rule?.id}`
      : [],
  );
}

describe('start-run', () => {
  test('runs the agent with its context and passes its events on', async () => {
    const { startRun, runs } = scene();
    const run = await startRun(caller, { ...input, user: 'u1', metadata: { team: 'x' } });
    expect(await all(run)).toEqual(answer);
    expect(runs[0]).toMatchObject({
      runId: run.id,
      context: {
        request_id: 'req_1',
        run_id: run.id,
        key: { id: 'key_1', name: 'alice' },
        user: 'u1',
        metadata: { team: 'x' },
        model_id: 'default/a',
      },
      maxTurns: null,
      verdicts: { otherwise: 'allow', tools: { get_weather: 'allow' } },
    });
  });

  test('says what happened: decision, start, tools, end with usage', async () => {
    const tool = { callId: 'c1', tool: 'get_weather', agent: 'A', provenance: 'native' } as const;
    const { startRun, emitted } = scene({
      events: [
        { type: 'tool_started', ...tool },
        { type: 'tool_ended', ...tool, outcome: 'ok', durationMs: 5 },
        ...answer,
      ],
    });
    const run = await startRun(caller, input);
    await all(run);
    const about = { runId: run.id, requestId: 'req_1', agentId: 'default/a' };
    expect(emitted).toMatchObject([
      { type: 'access_decided', decision: { answer: 'allow' }, requestId: 'req_1' },
      { type: 'run_started', ...about, generation: 3 },
      {
        type: 'tool_called',
        ...about,
        tool: 'get_weather',
        outcome: 'ok',
        durationMs: 5,
        detail: null,
        callId: 'c1',
      },
      { type: 'run_said', text: 'Hello', letters: 5 },
      { type: 'run_ended', ...about, outcome: 'finished', code: null, usage },
    ]);
  });

  test('says why a tool failed, and keeps that from who asked', async () => {
    const tool = { callId: 'c1', tool: 'get_weather', agent: 'A', provenance: 'native' } as const;
    const detail = { class: 'RangeError', message: 'too far', stage: 'tool', line: 7 } as const;
    const ended = { type: 'tool_ended', ...tool, outcome: 'failed', durationMs: 5 } as const;
    const { startRun, emitted } = scene({ events: [{ ...ended, detail }, ...answer] });
    const run = await startRun(caller, input);
    expect(await all(run)).toEqual([ended, ...answer]);
    expect(emitted[2]).toMatchObject({ type: 'tool_called', outcome: 'failed', detail });
  });

  test('answers an agent that the key may not run exactly as a missing one', async () => {
    const hidden = scene({ rules: [{ id: 'closed' }] });
    const missing = scene({ known: false });
    const errors = await Promise.all(
      [hidden, missing].map(({ startRun }) => startRun(caller, input).catch((error) => error)),
    );
    expect(errors[0]).toMatchObject({ code: 'agent_not_found', param: 'model' });
    expect(errors[0].message).toBe(errors[1].message);
    expect(decisions(hidden.emitted)).toEqual(['run_agent default/a deny closed']);
    expect(decisions(missing.emitted)).toEqual([]);
  });

  test('names of the agents most like a missing one those that the key may see', async () => {
    const { startRun } = scene({
      known: false,
      rules: [{ id: 'secret', action: 'list_agents', resources: ['default/hidden'] }],
    });
    const about = async (modelId: string) =>
      (await startRun(caller, { ...input, modelId }).catch((error) => error)).message;
    expect(await about('default/b')).toBe(
      "The model 'default/b' does not exist or you do not have access to it. Did you mean default/a? GET /v1/models lists yours.",
    );
    expect(await about('labs/hiden')).toBe(
      "The model 'labs/hiden' does not exist or you do not have access to it. GET /v1/models lists yours.",
    );
  });

  test('answers an agent as missing that the key may run but not see', async () => {
    const { startRun, emitted } = scene({ rules: [{ id: 'hidden', action: 'list_agents' }] });
    await expect(startRun(caller, input)).rejects.toMatchObject({ code: 'agent_not_found' });
    expect(decisions(emitted)).toEqual(['list_agents default/a deny hidden']);
  });

  test('tells why an agent that the key may see is refused, and the rule to admins only', async () => {
    const { startRun, runs, emitted } = scene({
      rules: [
        { id: 'closed', reason: 'Closed for the audit.' },
        { id: 'shown', action: 'list_agents', effect: 'allow' },
      ],
    });
    await expect(startRun(caller, input)).rejects.toMatchObject({
      code: 'not_allowed',
      message: "This key may not run 'default/a': Closed for the audit. Ask an operator.",
      adminDetail: { rule: 'closed', tier: 3, source: 'config' },
    });
    expect(runs).toEqual([]);
    expect(decisions(emitted)).toEqual(['run_agent default/a deny closed']);
  });

  test('asks with what the request says of itself, and with the module for the log', async () => {
    const { startRun, emitted } = scene();
    await startRun(caller, { ...input, user: 'u1', metadata: { team: 'x' } });
    expect(emitted[0]).toMatchObject({
      question: {
        principal: { type: 'key', id: 'key_1', name: 'alice', role: 'caller' },
        context: { agent_id: 'default/a', user: 'u1', metadata: { team: 'x' } },
        modulePath: 'src/agents/A/agent.ts',
      },
    });
  });

  test('keeps the cause of an agent that failed to load for admins', async () => {
    const { startRun } = scene({ served: false });
    await expect(startRun(caller, input)).rejects.toMatchObject({
      code: 'agent_unavailable',
      message:
        "The agent 'default/a' could not be loaded. Its operator finds the cause with GET /admin/agents/errors.",
      adminDetail: [{ code: 'syntax_error' }],
    });
  });

  test('admits nothing while the gateway stops', async () => {
    const { startRun } = scene({ draining: true });
    await expect(startRun(caller, input)).rejects.toMatchObject({ code: 'overloaded' });
  });

  test('sends the verdict on each tool with the run', async () => {
    const rule = { action: 'call_tool', resources: ['get_weather'] } as const;
    const { startRun, runs } = scene({ rules: [rule] });
    await all(await startRun(caller, input));
    expect(runs[0]?.verdicts).toEqual({ otherwise: 'ask', tools: { get_weather: 'deny' } });
  });

  test('lets runs of one agent wait for a place, and forgets those whose callers left', async () => {
    const { startRun, runs } = scene({ hangs: true, queue: { maxConcurrentRuns: 1 } });
    const first = await startRun(caller, input);
    const events = all(first);
    const left = new AbortController();
    const second = startRun(caller, input, left.signal);
    const third = startRun(caller, input);
    left.abort();
    await expect(second).rejects.toMatchObject({ code: 'run_cancelled' });
    expect(runs).toHaveLength(1);
    first.cancel('done');
    await events;
    const last = await third;
    const lastEvents = all(last);
    last.cancel('done');
    await lastEvents;
    expect(runs).toHaveLength(2);
  });

  test('gives no place to a run that was refused while it waited', async () => {
    const { startRun, stop, runs } = scene({
      hangs: true,
      settings: { maxConcurrentRuns: 1 },
      queue: { maxQueuedRuns: 1 },
    });
    void all(await startRun(caller, input));
    const waiting = startRun(caller, input);
    const refused = startRun(caller, input);
    await expect(refused).rejects.toMatchObject({
      code: 'overloaded',
      message: "The agent 'default/a' has as many runs as it may have. Try again in a moment.",
    });
    stop();
    await expect(waiting).rejects.toMatchObject({
      code: 'overloaded',
      message: 'The gateway is stopping. Try again in a moment.',
    });
    expect(runs).toHaveLength(1);
  });

  test('a tool that the end of its run cut off ended with it, however late its start was told', async () => {
    const tool = { callId: 'c1', tool: 'get_weather', agent: 'A', provenance: 'native' } as const;
    const events = [{ type: 'tool_started', ...tool, agoMs: 40 } as const, ...answer];
    const { startRun, emitted } = scene({ events });
    await all(await startRun(caller, input));
    const called = emitted.find((event) => event.type === 'tool_called');
    expect(called).toMatchObject({ outcome: 'aborted', agoMs: 0 });
    expect(called?.durationMs).toBeGreaterThanOrEqual(40);
  });

  test('cancels the run when its reader leaves early', async () => {
    const { startRun, signals, emitted } = scene();
    const run = await startRun(caller, input);
    for await (const _ of eventsOf(run)) break;
    expect(signals[0]?.aborted).toBe(true);
    expect(emitted.at(-1)).toMatchObject({ type: 'run_ended', outcome: 'cancelled' });
  });

  test('ends a cancelled run in one event', async () => {
    const { startRun, emitted } = scene({ hangs: true });
    const run = await startRun(caller, input);
    const events = all(run);
    run.cancel('the caller left');
    expect(await events).toMatchObject([{ type: 'failed', code: 'run_cancelled' }]);
    expect(emitted.at(-1)).toMatchObject({ type: 'run_ended', outcome: 'cancelled' });
  });

  test('ends a run at its deadline, the module’s own before the gateway’s', async () => {
    const { startRun, emitted } = scene({ hangs: true, settings: { timeoutMs: 20 } });
    const run = await startRun(caller, input);
    expect(await all(run)).toMatchObject([
      {
        type: 'failed',
        code: 'run_timeout',
        message: 'The run took longer than its limit of 0.02 s and was ended.',
      },
    ]);
    expect(emitted.at(-1)).toMatchObject({ outcome: 'failed', code: 'run_timeout' });
  });

  test('shows a caller no detail of a failure, and the log all of it', async () => {
    const detail = {
      class: 'TypeError',
      message: 'secret',
      stage: 'run',
      file: '/p/a.ts',
    } as const;
    const { startRun, emitted } = scene({
      events: [{ type: 'failed', code: 'run_failed', message: 'The agent failed.', detail, usage }],
    });
    const events = await all(await startRun(caller, input));
    expect(JSON.stringify(events)).not.toContain('secret');
    expect(emitted.at(-1)).toMatchObject({ type: 'run_ended', outcome: 'failed', detail });
  });

  test('tells a guardrail’s stop apart from an answer', async () => {
    const { startRun, emitted } = scene({
      events: [{ type: 'finished', reason: 'content_filter', usage, blockedBy: 'no_maths' }],
    });
    await all(await startRun(caller, input));
    expect(emitted.at(-1)).toMatchObject({ outcome: 'blocked' });
  });
});

describe('what an agent takes of a request', () => {
  test('names the fields it leaves out', async () => {
    const { startRun } = scene({ settings: { clientSettings: ['temperature'] } });
    const settings = { temperature: 1, topP: 0.5, maxOutputTokens: 100 };
    const run = await startRun(caller, { ...input, settings, clientTools: true });
    expect(run.ignored).toEqual(['topP', 'tools']);
  });

  test('refuses tools of the caller where the agent says so', async () => {
    const { startRun } = scene({ settings: { clientTools: 'reject' } });
    await expect(startRun(caller, { ...input, clientTools: true })).rejects.toMatchObject({
      code: 'unsupported_parameter',
      param: 'tools',
    });
  });

  test('gives it tools of the caller where the agent, or its operator, says so', async () => {
    const tool = { name: 'open_door', parameters: { type: 'object' }, strict: false };
    const offered = { clientTools: true, offeredTools: [tool], toolChoice: 'required' } as const;
    const left = scene();
    await all(await left.startRun(caller, { ...input, ...offered }));
    expect(left.runs[0]?.input).toEqual({ ...input, clientTools: true });
    const taken = scene({ settings: { clientTools: 'forward' } });
    const run = await taken.startRun(caller, { ...input, ...offered, leavesTools: true });
    expect(run.ignored).toEqual(['tools']);
    await all(run);
    expect(taken.runs[0]?.input).toEqual({ ...input, ...offered });
    const set = scene({ settings: { clientTools: 'reject' }, toolsAsSet: 'forward' });
    await all(await set.startRun(caller, { ...input, ...offered }));
    expect(set.runs[0]?.input.offeredTools).toEqual([tool]);
  });

  test('says what is wrong with tools of the caller only where they would be used', async () => {
    const toolsProblem = { message: 'It is none.', param: 'tools[0]' };
    const asked = { ...input, clientTools: true, toolsProblem };
    await expect(scene().startRun(caller, asked)).resolves.toBeDefined();
    const { startRun } = scene({ settings: { clientTools: 'forward' } });
    await expect(startRun(caller, asked)).rejects.toMatchObject({
      code: 'invalid_value',
      ...toolsProblem,
    });
  });

  test('takes images unless the agent does not', async () => {
    const items = [
      { role: 'user' as const, parts: [{ type: 'image' as const, url: 'https://x.test/a.png' }] },
    ];
    await expect(scene().startRun(caller, { ...input, items })).resolves.toBeDefined();
    const { startRun } = scene({ settings: { accepts: [] } });
    await expect(startRun(caller, { ...input, items })).rejects.toMatchObject({
      code: 'unsupported_content_type',
      message: 'This agent takes text, but no image parts.',
    });
  });

  test('takes the id of a file only where the agent says so', async () => {
    const byId = { type: 'file' as const, fileId: 'file-of-somebody' };
    const whole = { type: 'file' as const, data: 'data:text/plain,x' };
    const items = [{ role: 'user' as const, parts: [whole, { ...whole, ...byId }] }];
    for (const settings of [{}, { accepts: ['file' as const] }]) {
      await expect(scene({ settings }).startRun(caller, { ...input, items })).rejects.toMatchObject(
        {
          code: 'unsupported_content_type',
          message:
            'This agent takes no file_id, which could name any file of the account that its model calls go to. Send the file itself as file_data.',
          param: 'items',
        },
      );
    }
    const sent = [{ role: 'user' as const, parts: [whole] }];
    await expect(scene().startRun(caller, { ...input, items: sent })).resolves.toBeDefined();
    const { startRun } = scene({ settings: { accepts: ['file', 'file_id'] } });
    await expect(startRun(caller, { ...input, items })).resolves.toBeDefined();
  });

  test('refuses a schema where the agent has its own', async () => {
    const outputFormat = { type: 'json_schema', name: 'x', schema: {}, strict: true } as const;
    await expect(scene().startRun(caller, { ...input, outputFormat })).resolves.toBeDefined();
    const { startRun } = scene({ outputType: 'Verdict' });
    await expect(startRun(caller, { ...input, outputFormat })).rejects.toMatchObject({
      code: 'unsupported_value',
      param: 'outputFormat',
    });
  });
});
