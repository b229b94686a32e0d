import { describe, expect, test } from 'vitest';
import {
  asked,
  call,
  desk,
  deskWorker,
  ended,
  interruptedBy,
  lookUp,
  refundOf,
  resumed,
  shouter,
  waitingIn,
  written,
} from '../support/python-approvals.ts';
import { missingPython } from '../support/python-with-sdk.ts';

const missing = await missingPython();

describe.skipIf(missing)(`approvals that rules ask for, in Python (${missing ?? 'runs'})`, () => {
  test('a rule has a tool approved in its run alone, which the gateway is told of at the call', async () => {
    const { worker } = await deskWorker(desk, [{ calls: [lookUp] }, { text: ['Done.'] }]);
    const verdicts = { otherwise: 'allow', tools: { look_up: 'require_approval' } } as const;
    const first = await worker.eventsOf('', { ...asked(), verdicts });
    expect(interruptedBy(first)).toMatchObject({
      approvals: [{ ...call('look_up', 'call_2'), arguments: written }],
      items: [],
    });
    const decisions = [{ callId: 'call_2', approve: true }];
    const next = resumed(worker, first, decisions, { ...asked(), verdicts });
    const { callId, question } = await worker.next('question');
    expect(question).toEqual({
      ask: 'authorize_tool',
      tool: 'look_up',
      arguments: { order: 'A1' },
      provenance: 'native',
      toolCallId: 'call_2',
    });
    worker.send({ type: 'reply', callId, result: true });
    expect((await next).at(-1)).toMatchObject({
      type: 'finished',
      items: [{ role: 'tool_call' }, { text: 'A1 is paid' }, { text: 'Done.' }],
    });
    const other = await worker.eventsOf('', { ...asked(), runId: 'run_3' });
    expect(other.at(-1)).toMatchObject({ type: 'finished' });
  });

  test('a rule with a condition is asked about each call, once; the author may ask for more', async () => {
    const source = desk.replace(
      'needs_approval=True',
      "needs_approval=lambda context, arguments, call_id: arguments['order'] == 'A1'",
    );
    const calls = ['1', '2', '3', '4'].map((number) => refundOf(`A${number}`, `call_${number}`));
    const { worker } = await deskWorker(source, [{ calls }, { text: ['Done.'] }]);
    const verdicts = { otherwise: 'allow', tools: { refund: 'ask_approval' } } as const;
    const going = worker.eventsOf('', { ...asked(), verdicts });
    for (const order of ['A2', 'A3', 'A4']) {
      const { callId, question } = await worker.next('question');
      const needed = { ask: 'approval_needed', tool: 'refund', provenance: 'native' };
      expect(question).toEqual({ ...needed, arguments: { order } });
      if (order === 'A4') worker.send({ type: 'refusal', callId, message: 'Nobody knows.' });
      else worker.send({ type: 'reply', callId, result: order === 'A3' });
    }
    const { callId, question } = await worker.next('question');
    expect(question).toMatchObject({ ask: 'authorize_tool', toolCallId: 'call_2' });
    worker.send({ type: 'reply', callId, result: true });
    expect(waitingIn(await going)).toEqual(['call_1', 'call_3', 'call_4']);
  });

  test('a call with less than all arguments is made where the rules have no condition on it', async () => {
    const source = desk.replace('look_up(order: str)', 'look_up(order: str, day: str = "today")');
    const { worker } = await deskWorker(source, [{ calls: [lookUp] }, { text: ['Done.'] }]);
    const verdicts = { otherwise: 'allow', tools: { look_up: 'ask_approval' } } as const;
    const going = worker.eventsOf('', { ...asked(), verdicts });
    const needed = await worker.next('question');
    worker.send({ type: 'reply', callId: needed.callId, result: false });
    const allowed = await worker.next('question');
    worker.send({ type: 'reply', callId: allowed.callId, result: true });
    expect((await going).at(-1)).toMatchObject({
      type: 'finished',
      items: [{ role: 'tool_call' }, { text: 'A1 is paid' }, { text: 'Done.' }],
    });
  });

  test('a call that the gateway denies after all is not made, and nobody is asked about what is denied', async () => {
    const turns = [{ calls: [refundOf('A1', 'call_1')] }, { text: ['Done.'] }];
    const { worker } = await deskWorker(desk, turns);
    const asks = { otherwise: 'ask', tools: {} } as const;
    const first = await worker.eventsOf('', { ...asked(), verdicts: asks });
    const decisions = [{ callId: 'call_1', approve: true }];
    const next = resumed(worker, first, decisions, { ...asked(), verdicts: asks });
    const { callId } = await worker.next('question');
    worker.send({ type: 'refusal', callId, message: 'Not today.' });
    const denied = { ...ended, ...call('refund', 'call_1'), outcome: 'denied', argumentBytes: 14 };
    expect(await next).toContainEqual(denied);
    const { worker: other } = await deskWorker(desk, turns);
    const verdicts = { otherwise: 'deny', tools: {} } as const;
    expect(await other.eventsOf('', { ...asked(), verdicts })).toContainEqual(denied);
  });

  test('gateway tools, tools of MCP servers and agents used as tools wait by rules too', async () => {
    const source = `
from agents import Agent
${shouter}

expert = Agent(name="Expert").as_tool("ask_expert", "Asks the expert.")
agent = Agent(name="Desk", tools=[expert], mcp_servers=[Shouter()])
`;
    const names = ['fetch_doc', 'shout', 'ask_expert'];
    const calls = names.map((name) => ({ name, args: { input: 'Hi' }, id: `call_${name}` }));
    const turns = [{ calls }, { text: ['Expert.'] }, { text: ['Done.'] }];
    const { worker } = await deskWorker(source, turns);
    const parameters = { type: 'object', properties: {} };
    const tool = { name: 'fetch_doc', description: 'Fetches.', parameters };
    worker.send({ type: 'tools_changed', tools: { tools: [tool], offered: ['fetch_doc'] } });
    const verdicts = { otherwise: 'require_approval', tools: {} } as const;
    const first = await worker.eventsOf('', { ...asked(), verdicts });
    expect(interruptedBy(first).approvals).toMatchObject([
      { tool: 'fetch_doc', provenance: 'gateway' },
      { tool: 'shout', provenance: 'mcp' },
      { tool: 'ask_expert', provenance: 'native' },
    ]);
    const decisions = names.map((name) => ({ callId: `call_${name}`, approve: true }));
    const next = resumed(worker, first, decisions, { ...asked(), verdicts });
    const questions = [];
    for (const _name of names) {
      const { callId, question } = await worker.next('question');
      questions.push(question);
      if (question.ask === 'call_tool') {
        worker.send({ type: 'tool_result', callId, outcome: 'ok' }, Buffer.from('A doc.'));
      } else worker.send({ type: 'reply', callId, result: true });
    }
    expect(questions).toEqual(
      expect.arrayContaining([
        expect.objectContaining({ ask: 'call_tool', toolCallId: 'call_fetch_doc' }),
        expect.objectContaining({ ask: 'authorize_tool', toolCallId: 'call_shout' }),
        expect.objectContaining({ ask: 'authorize_tool', toolCallId: 'call_ask_expert' }),
      ]),
    );
    const last = (await next).at(-1);
    expect(last).toMatchObject({ type: 'finished' });
    expect(JSON.stringify(last)).toContain('A doc.');
  });

  test('in a run that a tool of the agent begins, a rule refuses the call, and what its author says ends the run', async () => {
    const source = `${desk}
from agents import Runner

inner = Agent(name="Inner", tools=[refund, look_up])

@function_tool
async def consult() -> str:
    return str((await Runner.run(inner, "Refund A1")).final_output)

agent.tools = [consult]
`;
    const consult = { calls: [{ name: 'consult', args: {} }] };
    const turns = [consult, { calls: [lookUp] }, { text: ['Not looked up.'] }, { text: ['Done.'] }];
    const { worker, upstream } = await deskWorker(source, turns);
    const verdicts = { otherwise: 'allow', tools: { look_up: 'require_approval' } } as const;
    const going = worker.eventsOf('', { ...asked(), verdicts });
    const { callId } = await worker.next('question');
    worker.send({ type: 'reply', callId, result: false });
    expect((await going).at(-1)).toMatchObject({ type: 'finished' });
    expect(upstream.calls[2]?.body.input).toContainEqual({
      type: 'function_call_output',
      call_id: 'call_2',
      output:
        'The tool look_up may not be called here without the approval of a person, which this call does not have.',
    });
    const other = await deskWorker(source, [
      consult,
      { calls: [refundOf('A1', 'call_1')] },
      { text: ['Done.'] },
    ]);
    expect((await other.worker.eventsOf('', asked())).at(-1)).toMatchObject({
      type: 'failed',
      code: 'approval_unsupported',
      message:
        "The tool refund needs approval, and the agent's own code calls it in a run that cannot be interrupted for one. Make a handoff or a tool of the agent that is run there.",
    });
  });

  test('in a workflow or a plain function, the run ends with what to do; one that approves itself goes on', async () => {
    const message =
      'The tool refund needs approval, and a workflow cannot be interrupted for one. Export the agent itself, so that its run can wait.';
    const sources = [
      'async def run_workflow(text: str):\n    return (await Runner.run(agent, text)).final_output',
      'class Plain:\n    async def run(self, messages):\n        return (await Runner.run(agent, messages)).final_output\nserved = Plain()',
    ];
    for (const source of sources) {
      const name = source.startsWith('async def run_workflow') ? 'run_workflow' : 'served';
      const module = `${desk}\nfrom agents import Runner\n${source}\n__gateway__ = {"agent": "${name}"}\n`;
      const { worker } = await deskWorker(module, [{ calls: [refundOf('A1', 'call_1')] }]);
      for (const streamed of [true, false]) {
        const last = (await worker.eventsOf('', asked({ streamed }))).at(-1);
        expect(last).toMatchObject({ type: 'failed', code: 'approval_unsupported', message });
      }
    }
    const approving = `${desk}
from agents import Runner

async def run_workflow(text: str):
    result = await Runner.run(agent, text)
    state = result.to_state()
    state.approve(result.interruptions[0])
    return (await Runner.run(agent, state)).final_output

__gateway__ = {"agent": "run_workflow"}
`;
    const turns = [{ calls: [refundOf('A1', 'call_1')] }, { text: ['Done.'] }];
    const { worker } = await deskWorker(approving, turns);
    expect(await worker.eventsOf('', asked({ streamed: false }))).toMatchObject([
      { type: 'tool_started', tool: 'refund' },
      { type: 'tool_ended', tool: 'refund' },
      { type: 'text', delta: 'Done.' },
      { type: 'finished' },
    ]);
  });
});
