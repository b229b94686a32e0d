import { expect, test } from 'vitest';
import type { RunInput } from '../../protocol/run.ts';
import { taskRequest, textOfAnswer } from './task-request.ts';

const input: Pick<RunInput, 'items' | 'settings' | 'outputFormat'> = {
  items: [
    { role: 'system', text: 'Be short.' },
    {
      role: 'user',
      parts: [
        { type: 'text', text: 'A title' },
        { type: 'image', url: 'data:,' },
      ],
    },
    { role: 'tool_call', callId: 'c1', name: 'f', arguments: '{}' },
    { role: 'tool_result', callId: 'c1', name: 'f', text: 'x' },
  ],
  settings: { maxOutputTokens: 50, temperature: 1 },
  outputFormat: { type: 'json_schema', name: 'title', schema: { type: 'object' }, strict: true },
};
const messages = [
  { role: 'system', content: 'Be short.' },
  { role: 'user', content: 'A title' },
];

test('asks a model for what the request says and nothing else, on either API', () => {
  expect(taskRequest({ model: 'm', api: 'chat_completions' }, input)).toEqual({
    path: '/v1/chat/completions',
    body: {
      model: 'm',
      messages,
      max_tokens: 50,
      response_format: {
        type: 'json_schema',
        json_schema: { name: 'title', schema: { type: 'object' }, strict: true },
      },
    },
  });
  expect(taskRequest({ model: 'm', api: 'responses' }, input)).toEqual({
    path: '/v1/responses',
    body: {
      model: 'm',
      input: messages,
      store: false,
      max_output_tokens: 50,
      text: { format: input.outputFormat },
    },
  });
  const plain = { ...input, settings: {}, outputFormat: { type: 'text' } as const };
  expect(taskRequest({ model: 'm', api: 'chat_completions' }, plain).body).toEqual({
    model: 'm',
    messages,
  });
});

test.each([
  ['{"choices":[{"message":{"content":"Rain"}}]}', 'chat_completions', 'Rain'],
  [
    '{"output":[{"type":"reasoning"},{"type":"message","content":[{"type":"output_text","text":"Rain"},{"type":"refusal"}]}]}',
    'responses',
    'Rain',
  ],
  ['{"choices":[{"message":{"content":null}}]}', 'chat_completions', null],
  ['{"choices":{}}', 'chat_completions', null],
  ['[]', 'responses', null],
  ['<html>', 'responses', null],
] as const)('reads %s', (answer, api, text) => {
  expect(textOfAnswer(answer, api)).toBe(text);
});
