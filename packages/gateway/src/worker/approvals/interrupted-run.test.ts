import { Agent, handoff, hostedMcpTool, type Tool, tool } from '@openai/agents';
import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { approved, goOn, waitingEnd } from '../../../test/support/approval-kit.ts';
import { startUpstream, type Turn } from '../../../test/support/scripted-upstream.ts';
import {
  eventsOf,
  loadedModule,
  modelAt,
  runInput,
  textOf,
} from '../../../test/support/worker-run.ts';
import type { RunEvent } from '../../protocol/run.ts';
import type { CallDecision } from '../../protocol/worker/messages.ts';

/** Tools that tell what they were called with, and an agent of them for scripted turns. */
async function desk(
  turns: readonly Turn[],
  agentOf: (kit: Kit) => Agent = ({ model, tools }) => new Agent({ name: 'Desk', model, tools }),
  api?: 'chat_completions',
) {
  const upstream = await startUpstream(...turns);
  const ran: string[] = [];
  const made = (name: string, needsApproval: boolean) =>
    tool({
      name,
      description: 'x',
      parameters: z.object({ thing: z.string() }),
      needsApproval,
      execute: ({ thing }) => {
        ran.push(`${name} ${thing}`);
        return `${name} did ${thing}`;
      },
    });
  const tools = [made('look', false), made('burn', true), made('sell', true)];
  const module = loadedModule(agentOf({ model: modelAt(upstream.baseUrl, api), tools }));
  return { module, ran, upstream };
}

type Kit = { readonly model: ReturnType<typeof modelAt>; readonly tools: Tool[] };

type Module = Parameters<typeof eventsOf>[0];

const input = (streamed: boolean) => runInput({ streamed, tellsItems: true });

async function interrupt(module: Module, streamed = false): Promise<RunEvent[]> {
  return eventsOf(module, { input: input(streamed) });
}

function resume(
  module: Module,
  state: string,
  { streamed, decisions }: { streamed: boolean; decisions: readonly CallDecision[] },
): Promise<RunEvent[]> {
  return goOn(module, { state, decisions }, { input: input(streamed) });
}

const burn = { name: 'burn', args: { thing: 'book' } };
const look = { name: 'look', args: { thing: 'box' } };

describe.each([{ streamed: false }, { streamed: true }])(
  'a run that needs approval (streamed: $streamed)',
  ({ streamed }) => {
    test('is interrupted with what waits, after the other tools of the turn have run', async () => {
      const { module, ran } = await desk([{ text: ['One moment.'], calls: [look, burn] }]);
      const events = await interrupt(module, streamed);
      expect(textOf(events)).toBe('One moment.');
      expect(events.filter(({ type }) => type === 'tool_started')).toMatchObject([
        { tool: 'look' },
      ]);
      expect(ran).toEqual(['look box']);
      expect(waitingEnd(events)).toMatchObject({
        approvals: [
          {
            callId: 'call_burn',
            tool: 'burn',
            agent: 'Desk',
            provenance: 'native',
            arguments: '{"thing":"book"}',
          },
        ],
        items: [
          { role: 'assistant', text: 'One moment.' },
          { role: 'tool_call', callId: 'call_look', name: 'look' },
          { role: 'tool_result', callId: 'call_look', text: 'look did box' },
        ],
        usage: { requests: 1, inputTokens: 10 },
      });
    });

    test('goes on when it is approved, tells only what is new, and runs each tool once', async () => {
      const { module, ran, upstream } = await desk([
        { text: ['One moment.'], calls: [look, burn] },
        { text: ['It is gone.'] },
      ]);
      const { state } = waitingEnd(await interrupt(module, !streamed));
      const decisions = approved('call_burn');
      const events = await resume(module, state, { streamed, decisions });
      expect(ran).toEqual(['look box', 'burn book']);
      expect(textOf(events)).toBe('It is gone.');
      expect(events.filter(({ type }) => type === 'tool_ended')).toMatchObject([
        { tool: 'burn', outcome: 'ok' },
      ]);
      expect(events.at(-1)).toMatchObject({
        type: 'finished',
        reason: 'stop',
        usage: { requests: 1, inputTokens: 10 },
        items: [
          { role: 'tool_call', callId: 'call_burn', name: 'burn', arguments: '{"thing":"book"}' },
          { role: 'tool_result', callId: 'call_burn', text: 'burn did book' },
          { role: 'assistant', text: 'It is gone.' },
        ],
      });
      expect(upstream.calls).toHaveLength(2);
    });

    test('goes on with chat completions', async () => {
      const { module, ran } = await desk(
        [{ text: ['One moment.'], calls: [burn] }, { text: ['It is gone.'] }],
        undefined,
        'chat_completions',
      );
      const { state } = waitingEnd(await interrupt(module, streamed));
      const events = await resume(module, state, { streamed, decisions: approved('call_burn') });
      expect(textOf(events)).toBe('It is gone.');
      expect(ran).toEqual(['burn book']);
    });

    test('tells the model why it was denied', async () => {
      const { module, ran, upstream } = await desk([{ calls: [burn] }, { text: ['Well then.'] }]);
      const { state } = waitingEnd(await interrupt(module, streamed));
      const decisions = [{ callId: 'call_burn', approve: false, reason: 'It is a first edition.' }];
      const events = await resume(module, state, { streamed, decisions });
      expect(ran).toEqual([]);
      expect(textOf(events)).toBe('Well then.');
      expect(JSON.stringify(upstream.calls[1]?.body)).toContain('It is a first edition.');
      expect(events.filter(({ type }) => type.startsWith('tool'))).toMatchObject([
        { type: 'tool_started', callId: 'call_burn', tool: 'burn', agent: 'Desk' },
        { type: 'tool_ended', callId: 'call_burn', outcome: 'denied', argumentBytes: 16 },
      ]);
    });

    test('is interrupted again by what nobody decided on', async () => {
      const { module, ran } = await desk([
        { calls: [burn, { name: 'sell', args: { thing: 'car' } }] },
        { text: ['Done.'] },
      ]);
      const first = waitingEnd(await interrupt(module, streamed));
      expect(first.approvals.map(({ tool }) => tool)).toEqual(['burn', 'sell']);
      const half = await resume(module, first.state, {
        streamed,
        decisions: approved('call_sell'),
      });
      expect(ran).toEqual(['sell car']);
      const second = waitingEnd(half);
      expect(second.approvals.map(({ tool }) => tool)).toEqual(['burn']);
      expect(second.items).toMatchObject([
        { role: 'tool_call', callId: 'call_sell' },
        { role: 'tool_result', callId: 'call_sell' },
      ]);
      const rest = await resume(module, second.state, {
        streamed,
        decisions: approved('call_burn'),
      });
      expect(ran).toEqual(['sell car', 'burn book']);
      expect(textOf(rest)).toBe('Done.');
    });

    test('is asked no more of a tool that is approved for good', async () => {
      const again = { ...burn, id: 'again', args: { thing: 'letter' } };
      const { module, ran } = await desk([
        { calls: [burn] },
        { calls: [again] },
        { text: ['Gone.'] },
      ]);
      const { state } = waitingEnd(await interrupt(module, streamed));
      const decisions = [{ callId: 'call_burn', approve: true, always: true as const }];
      const events = await resume(module, state, { streamed, decisions });
      expect(textOf(events)).toBe('Gone.');
      expect(ran).toEqual(['burn book', 'burn letter']);
    });

    test('goes on with an agent that it was handed off to, also one that hands back', async () => {
      const { module, ran } = await desk(
        [
          { calls: [{ name: 'transfer_to_Vault', args: {} }] },
          { calls: [burn] },
          { text: ['Burnt by the vault.'] },
        ],
        ({ model, tools }) => {
          const triage = new Agent({ name: 'Triage', model });
          triage.handoffs = [
            handoff(new Agent({ name: 'Vault', model, tools, handoffs: [triage] })),
          ];
          return triage;
        },
      );
      const asked = { ...input(streamed), settings: { maxOutputTokens: 100 } };
      const first = waitingEnd(await eventsOf(module, { input: asked }));
      expect(first.approvals).toMatchObject([{ tool: 'burn', agent: 'Vault' }]);
      const { state } = first;
      const decisions = approved('call_burn');
      const events = await goOn(module, { state, decisions }, { input: asked });
      expect(textOf(events)).toBe('Burnt by the vault.');
      expect(events.some(({ type }) => type === 'handed_off')).toBe(false);
      expect(ran).toEqual(['burn book']);
    });

    test('goes on inside an agent that is a tool', async () => {
      const { module, ran } = await desk(
        [
          { calls: [{ name: 'expert', args: { input: 'Burn it.' } }] },
          { calls: [look, burn] },
          { text: ['The expert is done.'] },
          { text: ['All done.'] },
        ],
        ({ model, tools }) => {
          const expert = new Agent({ name: 'Expert', model, tools });
          const onStream = streamed ? { onStream: () => undefined } : {};
          const named = { toolName: 'expert', toolDescription: 'x' };
          const asTool = expert.asTool({ ...named, ...onStream });
          return new Agent({ name: 'Desk', model, tools: [asTool] });
        },
      );
      const events = await interrupt(module, streamed);
      const { state, approvals } = waitingEnd(events);
      expect(approvals).toMatchObject([{ tool: 'burn', agent: 'Expert', provenance: 'native' }]);
      expect(events.filter(({ type }) => type === 'tool_ended')).toMatchObject([
        { tool: 'expert', outcome: 'aborted' },
      ]);
      const decisions = approved('call_burn');
      const rest = await resume(module, state, { streamed, decisions });
      expect(textOf(rest)).toBe('All done.');
      expect(ran).toEqual(['look box', 'burn book']);
      expect(rest.filter(({ type }) => type === 'tool_ended')).toMatchObject([
        { tool: 'expert', outcome: 'ok' },
      ]);
      expect(rest.at(-1)).toMatchObject({ usage: { requests: 2, inputTokens: 20 } });
    });

    test('goes on inside agents that are tools one after another, as they are decided on', async () => {
      const expertCall = (id: string) => ({ name: 'expert', args: { input: id }, id });
      const burnCall = (id: string) => ({ name: 'burn', args: { thing: id }, id });
      const { module, ran } = await desk(
        [
          { calls: [expertCall('e1'), expertCall('e2')] },
          { calls: [burnCall('b1')] },
          { calls: [burnCall('b2')] },
          { text: ['The first is done.'] },
          { text: ['The second is done.'] },
          { text: ['All done.'] },
        ],
        ({ model, tools }) => {
          const expert = new Agent({ name: 'Expert', model, tools });
          const asTool = expert.asTool({ toolName: 'expert', toolDescription: 'x' });
          return new Agent({ name: 'Desk', model, tools: [asTool] });
        },
      );
      const first = waitingEnd(await interrupt(module, streamed));
      expect(first.approvals.map(({ callId }) => callId).toSorted()).toEqual(['b1', 'b2']);
      const decisions = approved('b1');
      const second = waitingEnd(await resume(module, first.state, { streamed, decisions }));
      expect(second.approvals.map(({ callId }) => callId)).toEqual(['b2']);
      expect(ran).toEqual(['burn b1']);
      const rest = await resume(module, second.state, { streamed, decisions: approved('b2') });
      expect(textOf(rest)).toBe('All done.');
      expect(ran).toEqual(['burn b1', 'burn b2']);
    });

    test('goes on with a handoff of the same turn', async () => {
      const { module, ran } = await desk(
        [{ calls: [burn, { name: 'transfer_to_Vault', args: {} }] }, { text: ['Vault here.'] }],
        ({ model, tools }) =>
          new Agent({
            name: 'Desk',
            model,
            tools,
            handoffs: [new Agent({ name: 'Vault', model })],
          }),
      );
      const { state } = waitingEnd(await interrupt(module, streamed));
      expect(ran).toEqual([]);
      const decisions = approved('call_burn');
      const events = await resume(module, state, { streamed, decisions });
      expect(textOf(events)).toBe('Vault here.');
      expect(events.filter(({ type }) => type === 'handed_off')).toEqual([
        { type: 'handed_off', fromAgent: 'Desk', toAgent: 'Vault' },
      ]);
      expect(ran).toEqual(['burn book']);
    });

    test('ends with what an approved tool gives, where that is the answer', async () => {
      const { module } = await desk([{ calls: [burn] }], ({ model, tools }) => {
        const toolUseBehavior = 'stop_on_first_tool';
        return new Agent({ name: 'Desk', model, tools, toolUseBehavior });
      });
      const { state } = waitingEnd(await interrupt(module, streamed));
      const events = await resume(module, state, { streamed, decisions: approved('call_burn') });
      expect(textOf(events)).toBe('burn did book');
    });

    test('goes on with what a hosted MCP server asked', async () => {
      const request = {
        type: 'mcp_approval_request',
        id: 'mcpr_1',
        name: 'send_mail',
        arguments: '{"to":"bob"}',
        server_label: 'mail',
      };
      const { module, upstream } = await desk(
        [{ items: [request] }, { text: ['Sent.'] }],
        ({ model }) => {
          const mail = hostedMcpTool({
            serverLabel: 'mail',
            serverUrl: 'https://mail.example/mcp',
            requireApproval: 'always',
          });
          return new Agent({ name: 'Desk', model, tools: [mail] });
        },
      );
      const events = await interrupt(module, streamed);
      expect(waitingEnd(events).approvals).toEqual([
        {
          callId: 'mcpr_1',
          tool: 'send_mail',
          agent: 'Desk',
          provenance: 'hosted',
          arguments: '{"to":"bob"}',
        },
      ]);
      expect(events.filter(({ type }) => type.startsWith('tool'))).toEqual([]);
      const decisions = approved('mcpr_1');
      const rest = await resume(module, waitingEnd(events).state, { streamed, decisions });
      expect(rest.map(({ type }) => type)).toEqual(['text', 'finished']);
      expect(textOf(rest)).toBe('Sent.');
      expect(upstream.calls[1]?.body.input).toContainEqual({
        type: 'mcp_approval_response',
        approval_request_id: 'mcpr_1',
        approve: true,
      });
    });
  },
);
