import { describe, expect, test } from 'vitest';
import type { LoadedModule, SdkCopy } from '../../src/worker/loaded-module.ts';
import { answering, approved, goOn, waitingEnd } from './approval-kit.ts';
import { eventsOf, loadedModule, runInput, textOf } from './worker-run.ts';

type Item = Readonly<Record<string, unknown>>;

/** What is made of the SDK here, in a copy of any time. */
type Made = {
  readonly Agent: new (config: object) => { handoffs: unknown[]; asTool(options: object): unknown };
  readonly tool: (options: object) => object;
  readonly Usage: new (counts: object) => object;
};

const parameters = {
  type: 'object',
  properties: { thing: { type: 'string' } },
  required: ['thing'],
  additionalProperties: false,
};

/** That runs wait for a person, and go on, with a copy of the SDK; what it cannot do is told by the version that can. */
export function describeApprovals(
  name: string,
  copyOf: () => Promise<SdkCopy>,
  { nested }: { readonly nested: boolean },
): void {
  const desk = async (turns: readonly Item[][], agentOf: AgentOf) => {
    const sdk = await copyOf();
    const { Agent, tool, Usage } = sdk as unknown as Made;
    const ran: string[] = [];
    const model = scripted(turns, Usage);
    const made = (toolName: string, needsApproval: boolean) =>
      tool({
        name: toolName,
        description: 'x',
        parameters,
        strict: true,
        needsApproval,
        execute: (input: { thing: string }) => {
          ran.push(`${toolName} ${input.thing}`);
          return 'done';
        },
      });
    const agent = agentOf(Agent, { model, tools: [made('look', false), made('burn', true)] });
    const module: LoadedModule = { ...loadedModule(agent), sdk };
    return { module, ran, model };
  };

  describe(`approvals with ${name}`, () => {
    test.each([{ streamed: false }, { streamed: true }])(
      'a run waits and goes on, each tool runs once (streamed: $streamed)',
      async ({ streamed }) => {
        const { module, ran } = await desk(
          [[call('look', 'box'), call('burn', 'book')], [message('Gone.')]],
          plain,
        );
        const makeContext = () => new Odd();
        const input = runInput({ streamed, tellsItems: true });
        const served = { ...module, makeContext };
        const first = waitingEnd(await eventsOf(served, { input }));
        expect(first.approvals).toMatchObject([{ callId: 'call_burn', tool: 'burn' }]);
        expect(first.state).not.toContain('hunter2');
        const { state } = first;
        const events = await goOn(served, { state, decisions: approved('call_burn') }, { input });
        expect(ran).toEqual(['look box', 'burn book']);
        expect(textOf(events)).toBe('Gone.');
        expect(events.at(-1)).toMatchObject({
          usage: { requests: 1 },
          items: [{ role: 'tool_call' }, { role: 'tool_result' }, { role: 'assistant' }],
        });
      },
    );

    test('an approval is good for one call, also where a model uses its id again', async () => {
      const { module, ran } = await desk(
        [[call('burn', 'book')], [call('burn', 'letter')], [message('Gone.')]],
        plain,
      );
      const { state } = waitingEnd(await eventsOf(module));
      await goOn(module, { state, decisions: approved('call_burn') });
      expect(ran).toEqual(['burn book']);
    });

    test('a denied call does not run', async () => {
      const { module, ran, model } = await desk(
        [[call('burn', 'book')], [message('Well.')]],
        plain,
      );
      const { state } = waitingEnd(await eventsOf(module));
      const decisions = [{ callId: 'call_burn', approve: false, reason: 'No.' }];
      expect(textOf(await goOn(module, { state, decisions }))).toBe('Well.');
      expect(ran).toEqual([]);
      expect(JSON.stringify(model.asked[1])).toMatch(/not approved|No\./);
    });

    test.each(['require_approval', 'ask_approval'] as const)(
      'a rule that says %s is heard',
      async (verdict) => {
        const { module, ran } = await desk([[call('look', 'box')], [message('Seen.')]], plain);
        const gateway = answering({ approval_needed: true, authorize_tool: true });
        const rule = { verdicts: { otherwise: verdict, tools: {} }, ask: gateway.ask };
        const { state } = waitingEnd(await eventsOf(module, rule));
        expect(ran).toEqual([]);
        const events = await goOn(module, { state, decisions: approved('call_look') }, rule);
        expect(textOf(events)).toBe('Seen.');
        expect(ran).toEqual(['look box']);
        expect(gateway.asked.at(-1)).toMatchObject({
          ask: 'authorize_tool',
          toolCallId: 'call_look',
        });
      },
    );

    test('an agent that is handed off to, and could hand back, goes on', async () => {
      const { module, ran } = await desk(
        [[call('transfer_to_Vault', 'x')], [call('burn', 'book')], [message('Burnt.')]],
        (Agent, { model, tools }) => {
          const triage = new Agent({ name: 'Triage', model });
          triage.handoffs = [new Agent({ name: 'Vault', model, tools, handoffs: [triage] })];
          return triage;
        },
      );
      const input = runInput({ settings: { maxOutputTokens: 100 } });
      const { state } = waitingEnd(await eventsOf(module, { input }));
      const events = await goOn(module, { state, decisions: approved('call_burn') }, { input });
      expect(textOf(events)).toBe('Burnt.');
      expect(ran).toEqual(['burn book']);
    });

    test('a tool of the caller’s own gives what the caller brings', async () => {
      const { module, model } = await desk([[call('edit', 'file')], [message('Changed.')]], plain);
      const offeredTools = [{ name: 'edit', parameters, strict: false }];
      const input = runInput({ clientTools: true, offeredTools, toolChoice: 'required' });
      const { state, clientCalls } = waitingEnd(await eventsOf(module, { input }));
      expect(clientCalls).toMatchObject([{ callId: 'call_edit', tool: 'edit' }]);
      const results = [{ callId: 'call_edit', text: '2 lines' }];
      expect(textOf(await goOn(module, { state, results }, { input }))).toBe('Changed.');
      expect(JSON.stringify(model.asked[1])).toContain('2 lines');
      expect(model.choices).toEqual(['required', undefined]);
    });

    test(`an agent that is a tool ${nested ? 'waits' : 'cannot wait, and is told from which version on'}`, async () => {
      const { module, ran } = await desk(
        [[call('expert', 'x')], [call('burn', 'book')], [message('Inner.')], [message('Outer.')]],
        (Agent, { model, tools }) => {
          const expert = new Agent({ name: 'Expert', model, tools });
          const options = { toolName: 'expert', toolDescription: 'x' };
          return new Agent({ name: 'Desk', model, tools: [expert.asTool(options)] });
        },
      );
      const events = await eventsOf(module);
      if (!nested) {
        expect(events.at(-1)).toMatchObject({
          code: 'approval_unsupported',
          message: expect.stringContaining('0.4.4'),
        });
        expect(ran).toEqual([]);
        return;
      }
      const { state } = waitingEnd(events);
      expect(textOf(await goOn(module, { state, decisions: approved('call_burn') }))).toBe(
        'Outer.',
      );
      expect(ran).toEqual(['burn book']);
    });
  });
}

type AgentOf = (Agent: Made['Agent'], kit: { model: object; tools: object[] }) => object;

const plain: AgentOf = (Agent, kit) => new Agent({ name: 'Desk', ...kit });

/** No JSON, and not for anybody to keep. */
class Odd {
  readonly secret = 'hunter2';
  readonly self = this;
}

/** A model that says these turns, one after another. */
function scripted(turns: readonly Item[][], Usage: Made['Usage']) {
  const asked: unknown[] = [];
  const choices: unknown[] = [];
  const next = async (request: unknown) => {
    const { input, modelSettings } = request as Record<string, { toolChoice?: unknown }>;
    asked.push(structuredClone(input));
    choices.push(modelSettings?.toolChoice);
    const output = turns[Math.min(asked.length, turns.length) - 1] ?? [];
    return { output, responseId: `resp_${asked.length}` };
  };
  return {
    asked,
    choices,
    getResponse: async (request: unknown) => ({
      ...(await next(request)),
      usage: new Usage(counts),
    }),
    async *getStreamedResponse(request: unknown) {
      const { responseId: id, ...response } = await next(request);
      for (const item of response.output) {
        const [part] = (item.content as { text: string }[] | undefined) ?? [];
        if (part) yield { type: 'output_text_delta', delta: part.text, itemId: 'msg_1' };
      }
      yield { type: 'response_done', response: { id, ...response, usage: counts } };
    },
  };
}

const counts = { requests: 1, inputTokens: 10, outputTokens: 5, totalTokens: 15 };

function call(name: string, thing: string): Item {
  const input = name === 'expert' ? { input: thing } : { thing };
  const written = name.startsWith('transfer') ? '{}' : JSON.stringify(input);
  return {
    type: 'function_call',
    callId: `call_${name}`,
    name,
    arguments: written,
    status: 'completed',
  };
}

function message(text: string): Item {
  const content = [{ type: 'output_text', text }];
  return { type: 'message', id: 'msg_1', role: 'assistant', status: 'completed', content };
}
