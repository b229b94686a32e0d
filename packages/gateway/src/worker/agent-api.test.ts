import { Agent } from '@openai/agents';
import { describe, expect, test } from 'vitest';
import { startUpstream } from '../../test/support/scripted-upstream.ts';
import { eventsOf, loadedModule, modelAt } from '../../test/support/worker-run.ts';
import { gatewayTool } from './agent-api.ts';
import { Refused } from './run/run-scope.ts';

const turns = [{ calls: [{ name: 'fetch_doc', args: { url: 'a.md' } }] }, { text: ['Done.'] }];

/** Runs an agent that calls `fetch_doc` once. */
async function callOnce(ask: () => Promise<unknown>) {
  const upstream = await startUpstream(...turns);
  const tools = [gatewayTool('fetch_doc', 'Reads a page.')];
  const agent = new Agent({ name: 'Reader', model: modelAt(upstream.baseUrl), tools });
  const asked: unknown[] = [];
  const decided: unknown[] = [];
  const events = await eventsOf(loadedModule(agent), {
    verdicts: { otherwise: 'ask', tools: {} },
    ask: (question) => {
      asked.push(question);
      return ask();
    },
    decided: (verdict) => decided.push(verdict),
  });
  return { asked, decided, events, told: JSON.stringify(upstream.calls[1]?.body.input) };
}

describe('a gateway tool', () => {
  test('is called by the gateway, which alone decides about it', async () => {
    const { asked, decided, events, told } = await callOnce(async () => ({
      outcome: 'ok',
      text: 'Grüße',
    }));
    expect(asked).toEqual([
      {
        ask: 'call_tool',
        tool: 'fetch_doc',
        arguments: { url: 'a.md' },
        toolCallId: expect.any(String),
      },
    ]);
    expect(decided).toEqual([]);
    expect(events).toMatchObject([
      { type: 'tool_started', tool: 'fetch_doc', provenance: 'gateway' },
      { type: 'tool_ended', provenance: 'gateway', outcome: 'ok' },
      { type: 'text', delta: 'Done.' },
      { type: 'finished' },
    ]);
    expect(told).toContain('Grüße');
  });

  test.each([
    ['No such tool is configured.', 'No such tool is configured.'],
    ['', 'The tool fetch_doc may not be called here.'],
  ])('that is refused tells the model why: %j', async (message, expected) => {
    const { events, told } = await callOnce(() => Promise.reject(new Refused(message)));
    expect(events.at(-1)).toMatchObject({ type: 'finished' });
    expect(told).toContain(expected);
  });

  test.each(['failed', 'denied', 'timeout'] as const)(
    'that ends as %s is told so',
    async (outcome) => {
      const { events, told } = await callOnce(async () => ({
        outcome,
        text: 'Say what is wrong.',
      }));
      expect(events).toContainEqual(expect.objectContaining({ type: 'tool_ended', outcome }));
      expect(told).toContain('Say what is wrong.');
    },
  );

  test('throws where there is no gateway, and says how to run one', async () => {
    const tool = gatewayTool('fetch_doc');
    expect(tool.description).toBe('Gateway tool "fetch_doc".');
    await expect(tool.invoke({}, '{}')).rejects.toThrow(
      /^The gateway tool "fetch_doc" is executed by Dropgate, and no gateway runs this process\. Start one with `npx dropgate dev`/,
    );
  });
});
