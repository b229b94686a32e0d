import { describe, expect, test } from 'vitest';
import { missingPython } from '../support/python-with-sdk.ts';
import { loadedWorker } from '../support/python-worker.ts';
import { startUpstream } from '../support/scripted-upstream.ts';
import { runInput } from '../support/worker-run.ts';

const missing = await missingPython();

const weather = `
from agents import Agent, function_tool

@function_tool
def get_weather(city: str) -> str:
    """Weather of a city."""
    print("asked for", city)
    return f"Sunny in {city}"

agent = Agent(name="Weather", instructions="Answer.", tools=[get_weather])
`;

const oneCall = { calls: [{ name: 'get_weather', args: { city: 'Paris' } }] };
const answer = { text: ['It is ', 'sunny.'] };

function input(text: string, streamed: boolean) {
  return {
    input: runInput({ items: [{ role: 'user', parts: [{ type: 'text', text }] }], streamed }),
  };
}

const usage = (requests: number) => ({
  requests,
  inputTokens: 10 * requests,
  outputTokens: 5 * requests,
  cachedInputTokens: 4 * requests,
  reasoningTokens: 2 * requests,
});

describe.skipIf(missing)(`runs of a Python agent (${missing ?? 'runs'})`, () => {
  describe.each(['responses', 'chat_completions'] as const)('over %s', (api) => {
    test.each([true, false])(
      'tells tool, text and usage (streamed: %s) and names its run to the broker',
      async (streamed) => {
        const upstream = await startUpstream(oneCall, answer);
        const { worker } = await loadedWorker({ 'agent.py': weather }, upstream.baseUrl, {
          upstreams: { openai: api },
        });
        const events = await worker.eventsOf('Weather?', input('Weather?', streamed));
        expect(events).toEqual([
          {
            type: 'tool_started',
            callId: 'call_get_weather',
            tool: 'get_weather',
            agent: 'Weather',
            provenance: 'native',
          },
          {
            type: 'tool_ended',
            callId: 'call_get_weather',
            tool: 'get_weather',
            agent: 'Weather',
            provenance: 'native',
            outcome: 'ok',
            durationMs: expect.any(Number),
            argumentBytes: 16,
            resultBytes: 14,
          },
          { type: 'text', delta: 'It is sunny.' },
          { type: 'finished', reason: 'stop', usage: usage(2) },
        ]);
        expect(upstream.calls.map(({ headers }) => headers['x-dropgate-run'])).toEqual([
          'run_1',
          'run_1',
        ]);
        expect(upstream.calls[0]?.path).toBe(
          api === 'responses' ? '/v1/responses' : '/v1/chat/completions',
        );
      },
    );
  });
});
