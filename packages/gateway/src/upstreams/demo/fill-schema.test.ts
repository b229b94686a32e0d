import { expect, test } from 'vitest';
import { demoModel } from './demo-model.ts';

/** The text of the demo model's answer in this schema. */
function answerIn(schema: object, content: unknown = 'Hi'): string {
  const format = { type: 'json_schema', json_schema: { name: 'x', schema } };
  const messages = [{ role: 'user', content }];
  const request = { model: 'm', messages, response_format: format };
  return JSON.stringify(demoModel.handle('chat_completions', Buffer.from(JSON.stringify(request))));
}

test.each<[string, object]>([
  ['a list of more than fits anywhere', { type: 'array', items: {}, minItems: 1e15 }],
  ['lists in lists without end', { type: 'array', items: { $ref: '#' }, minItems: 1e15 }],
  ['lists in lists', { type: 'array', items: { $ref: '#' }, minItems: 1000 }],
  ['a text without end', { type: 'string', minLength: 1e15 }],
])('a schema that wants %s is given no more than anybody reads', (_what, schema) => {
  expect(
    answerIn({ type: 'object', properties: { a: schema }, required: ['a'] }).length,
  ).toBeLessThan(200_000);
});

test('a format that is called as something every object has is none', () => {
  const schema = { type: 'string', format: 'constructor' };
  const answer = answerIn({ type: 'object', properties: { a: schema }, required: ['a'] });
  expect(answer).toContain('{\\"a\\":\\"Hi\\"}');
});

test('a request that is nested too deeply is refused', () => {
  const deep = '['.repeat(100_000) + ']'.repeat(100_000);
  const body = `{"model":"m","input":"Hi","tools":[{"type":"function","name":"x","parameters":{"a":${deep}}}]}`;
  expect(demoModel.handle('responses', Buffer.from(body))).toMatchObject({
    status: 400,
    body: { error: { message: 'The body is nested too deeply.' } },
  });
});
