import { describe, expect, test } from 'vitest';
import { answersIn } from './answer-message.ts';

describe('a message', () => {
  test.each([
    ['approve K7Q2-M9XD', [{ by: { code: 'K7Q2-M9XD' }, approve: true }]],
    ['  Approve k7q2m9xd \n', [{ by: { code: 'K7Q2-M9XD' }, approve: true }]],
    ['- `approve K7Q2-M9XD`', [{ by: { code: 'K7Q2-M9XD' }, approve: true }]],
    ['deny K7Q2-M9XD', [{ by: { code: 'K7Q2-M9XD' }, approve: false }]],
    [
      'approve K7Q2-M9XD\n\ndeny AAAA-2222 because Bob left',
      [
        { by: { code: 'K7Q2-M9XD' }, approve: true },
        { by: { code: 'AAAA-2222' }, approve: false, reason: 'because Bob left' },
      ],
    ],
    [
      '`deny K7Q2-M9XD`, it is late',
      [{ by: { code: 'K7Q2-M9XD' }, approve: false, reason: 'it is late' }],
    ],
  ])('of such lines is an answer: %j', (text, answers) => {
    expect(read(text)).toEqual({ answers, unclear: null });
  });

  test.each([
    'Hello',
    'approve',
    'please approve K7Q2-M9XD',
    'approve K7Q2-M9XD\nand go on',
    'approve K7Q2-M9X',
    'approved K7Q2-M9XD',
    '',
    'approve K7Q2-M9XD\n'.repeat(65),
  ])('of any other line is none: %j', (text) => {
    expect(read(text)).toBeNull();
  });

  test('that wants more than an approval, or names a code twice, is unclear', () => {
    expect(read('approve K7Q2-M9XD but only half')?.unclear).toMatch(/nothing behind its code/);
    expect(read('approve K7Q2-M9XD\ndeny k7q2m9xd')?.unclear).toMatch(/twice/);
  });

  test('of the agent, or with a file, is none', () => {
    expect(answersIn({ role: 'assistant', text: 'approve K7Q2-M9XD' })).toBeNull();
    const parts = [
      { type: 'text', text: 'approve K7Q2-M9XD' },
      { type: 'image', url: 'https://example.com/a.png' },
    ] as const;
    expect(answersIn({ role: 'user', parts })).toBeNull();
    expect(answersIn(undefined)).toBeNull();
  });
});

function read(text: string) {
  return answersIn({ role: 'user', parts: [{ type: 'text', text }] });
}
