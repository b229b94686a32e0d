import { describe, expect, test } from 'vitest';
import { eventsOf, loadedModule, runInput, textOf } from '../../../test/support/worker-run.ts';

const plain = (value: unknown) => loadedModule(value, { kind: 'runnable' });

describe('a plain run object', () => {
  test.each([
    ['a string', () => 'Hello', 'Hello'],
    ['a promise', async () => 'Later', 'Later'],
    ['an object', () => ({ output_text: 'Inner', other: 1 }), 'Inner'],
    ['other data', () => ({ a: 1, b: [2] }), '{"a":1,"b":[2]}'],
    ['nothing', () => undefined, ''],
  ])('answers with %s', async (_what, run, text) => {
    const events = await eventsOf(plain({ run }));
    expect(textOf(events)).toBe(text);
    expect(events.at(-1)).toMatchObject({ type: 'finished', reason: 'stop' });
  });

  test('says nothing where there is nothing to say', async () => {
    const events = await eventsOf(plain({ run: () => '' }));
    expect(events.map((event) => event.type)).toEqual(['finished']);
  });

  test('streams what it yields', async () => {
    const value = {
      greeting: 'Hel',
      async *run() {
        yield this.greeting;
        yield 'lo';
      },
    };
    const events = await eventsOf(plain(value), { input: runInput({ streamed: true }) });
    expect(events.slice(0, -1)).toEqual([
      { type: 'text', delta: 'Hel' },
      { type: 'text', delta: 'lo' },
    ]);
  });

  test('may be a function', async () => {
    const events = await eventsOf(plain(async () => 'from a function'));
    expect(textOf(events)).toBe('from a function');
  });

  test('gets the conversation in the form of chat completions, and who asks', async () => {
    let given: { messages?: unknown; context?: unknown } = {};
    const run = (input: typeof given) => {
      given = input;
      return 'ok';
    };
    const input = runInput({
      items: [
        { role: 'system', text: 'Be brief.' },
        {
          role: 'user',
          parts: [
            { type: 'text', text: 'Hi' },
            { type: 'text', text: 'there' },
          ],
        },
        { role: 'assistant', text: 'Hello' },
        { role: 'tool_call', callId: 'c1', name: 'f', arguments: '{}' },
        { role: 'tool_call', callId: 'c2', name: 'g', arguments: '{"a":1}' },
        { role: 'tool_result', callId: 'c1', name: 'f', text: 'One' },
        { role: 'tool_result', callId: 'c2', name: 'g', text: 'Two' },
        {
          role: 'user',
          parts: [
            { type: 'text', text: 'And this?' },
            { type: 'image', url: 'https://example.com/a.png', detail: 'high' },
            { type: 'audio', data: 'AA==', format: 'wav' },
            { type: 'file', fileId: 'file_1' },
            { type: 'image', fileId: 'file_2' },
            { type: 'file', url: 'https://example.com/a.pdf' },
          ],
        },
      ],
    });
    await eventsOf(plain({ run }), { input });
    expect(given.messages).toEqual([
      { role: 'system', content: 'Be brief.' },
      { role: 'user', content: 'Hi\nthere' },
      {
        role: 'assistant',
        content: 'Hello',
        tool_calls: [
          { id: 'c1', type: 'function', function: { name: 'f', arguments: '{}' } },
          { id: 'c2', type: 'function', function: { name: 'g', arguments: '{"a":1}' } },
        ],
      },
      { role: 'tool', tool_call_id: 'c1', content: 'One' },
      { role: 'tool', tool_call_id: 'c2', content: 'Two' },
      {
        role: 'user',
        content: [
          { type: 'text', text: 'And this?' },
          { type: 'image_url', image_url: { url: 'https://example.com/a.png', detail: 'high' } },
          { type: 'input_audio', input_audio: { data: 'AA==', format: 'wav' } },
          { type: 'file', file: { file_id: 'file_1' } },
          { type: 'image_url', image_url: { file_id: 'file_2' } },
          { type: 'file', file: { file_url: 'https://example.com/a.pdf' } },
        ],
      },
    ]);
    expect(given.context).toMatchObject({ run_id: 'run_1', key: { name: 'alice' } });
  });

  test('waits for its reader between two pieces', async () => {
    const order: string[] = [];
    const run = async function* () {
      for (const piece of ['a', 'b']) {
        order.push(`made ${piece}`);
        yield piece;
      }
    };
    await eventsOf(plain({ run }), {
      async send(event) {
        if (event.type !== 'text') return;
        await new Promise(setImmediate);
        order.push(`took ${event.delta}`);
      },
    });
    expect(order).toEqual(['made a', 'took a', 'made b', 'took b']);
  });

  test('ends at once when it is cancelled and says nothing more', async () => {
    const controller = new AbortController();
    const run = async function* () {
      yield 'one';
      controller.abort();
      yield 'two';
      await new Promise(() => undefined);
    };
    const events = await eventsOf(plain({ run }), { signal: controller.signal });
    expect(events).toMatchObject([
      { type: 'text', delta: 'one' },
      { type: 'failed', code: 'run_cancelled' },
    ]);
  });
});
