import { expect, test } from 'vitest';
import { answerText } from './answer-text.ts';

const message = { type: 'message', content: [{ type: 'output_text', text: 'Rain.' }] };
const call = { type: 'function_call', name: 'get_weather', arguments: '{}' };
const stream = (...events: unknown[]) =>
  events.map((event) => `event: x\ndata: ${JSON.stringify(event)}\n\n`).join('');

test.each([
  ['a response', JSON.stringify({ output: [{ type: 'reasoning' }, message] })],
  ['a completion', JSON.stringify({ choices: [{ message: { content: 'Rain.' } }] })],
  [
    'a streamed response',
    stream(
      { type: 'response.created', response: { output: [] } },
      { type: 'response.output_text.delta', delta: 'Ra' },
      { type: 'response.completed', response: { output: [message] } },
    ),
  ],
  [
    'a streamed completion',
    `${stream({ choices: [{ delta: { content: 'Ra' } }] }, { choices: [{ delta: { content: 'in.' } }] })}data: [DONE]\n\n`,
  ],
])('the text of %s is told', (_name, answer) => {
  expect(answerText(answer)).toBe('Rain.');
});

test('an answer that calls tools is told whole, and what is none is told as it is', () => {
  expect(answerText(JSON.stringify({ output: [call] }))).toBe(
    JSON.stringify({ output: [call] }, null, 2),
  );
  expect(answerText(stream({ response: { output: [call] } }))).toBe(
    JSON.stringify({ output: [call] }, null, 2),
  );
  expect(answerText('{"broken')).toBe('{"broken');
});
