import { expect, test } from 'vitest';
import type { InputItem } from '../../../protocol/run.ts';
import { toKeptItems } from './kept-items.ts';
import type { MessageItem } from './resource.ts';

test('texts that an agent says twice are two items', () => {
  const said = (id: string, text: string): MessageItem => ({
    id,
    type: 'message',
    status: 'completed',
    role: 'assistant',
    content: [{ type: 'output_text', text, annotations: [], logprobs: [] }],
  });
  const call: InputItem = { role: 'tool_call', callId: 'c1', name: 'get', arguments: '{}' };
  const result: InputItem = { role: 'tool_result', callId: 'c1', name: 'get', text: 'x' };
  const ok: InputItem = { role: 'assistant', text: 'ok' };
  const kept = toKeptItems([said('msg_42_0', 'ok'), said('msg_42_2', 'ok')], '42', [
    ok,
    call,
    result,
    ok,
    ok,
  ]);
  expect(kept.map(({ id }) => id)).toEqual([
    'msg_42_0',
    'own_42_1',
    'own_42_2',
    'msg_42_2',
    'msg_42_o4',
  ]);
});
