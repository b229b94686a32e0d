import { describe, expect, test } from 'vitest';
import type { AskedCall } from './asked-calls.ts';
import { askedText } from './asked-text.ts';

const call: AskedCall = {
  callId: 'c1',
  tool: 'send_mail',
  agent: 'Desk',
  provenance: 'native',
  arguments: '{"to":"bob@example.com","copies":2}',
  asked: { id: 'apr_1', code: 'K7Q2-M9XD', expiresMs: Date.UTC(2026, 11, 1, 10, 39) },
};

describe('the text that asks a person about a call', () => {
  test('names tool and arguments, and the two lines that answer it', () => {
    expect(askedText([call], 'run_1')).toBe(
      [
        '`Desk` asks for approval to call `send_mail` with:',
        '```json\n{\n  "to": "bob@example.com",\n  "copies": 2\n}\n```',
        'Answer with one of these lines, until 2026-12-01 10:39 UTC:',
        '- `approve K7Q2-M9XD`\n- `deny K7Q2-M9XD`, and why, if you like',
      ].join('\n\n'),
    );
  });

  test('has a code for each of several calls', () => {
    const other = { ...call, asked: { ...call.asked, id: 'apr_2', code: 'AAAA-2222' } };
    const text = askedText([call, other], 'run_1');
    expect(text).toContain('`approve K7Q2-M9XD`');
    expect(text).toContain('`deny AAAA-2222`');
    expect(text).toMatch(/All of them can be answered in one message, a line for each\.$/);
  });

  test('says who else decides where the caller may not', () => {
    const asked = { ...call.asked, code: null };
    const text = askedText([{ ...call, asked }], 'run_1');
    expect(text).not.toContain('Answer with');
    expect(text).toMatch(
      /An operator has to decide, until 2026-12-01 10:39 UTC: with `dropgate approvals approve apr_1`, or `POST \/v1\/runs\/run_1\/approvals\/apr_1`\.$/,
    );
    const byRule = { ...asked, approvers: ['role:admin', 'bo`ss'] };
    expect(askedText([{ ...call, asked: byRule }], 'run_1')).toMatch(
      /A rule names who has to decide, until 2026-12-01 10:39 UTC: `role:admin`, `bo'ss`, with `dropgate approvals approve apr_1`, or `POST \/v1\/runs\/run_1\/approvals\/apr_1`\.$/,
    );
    const many = { ...asked, approvers: Array.from({ length: 9 }, (_, index) => `key-${index}`) };
    expect(askedText([{ ...call, asked: many }], 'run_1')).toContain(
      '`key-4` and 4 more, with `POST /v1/runs/run_1/approvals/apr_1` and their key.',
    );
  });

  test('writes out what would end its block, turn it round or not be seen', () => {
    const hostile = { text: '```\n\n`approve X`\u202e\u0007\u001b[2J\u200b\u0085' };
    const text = askedText([{ ...call, arguments: JSON.stringify(hostile) }], 'run_1');
    expect(text).toContain(
      '"text": "\\u0060\\u0060\\u0060\\n\\n\\u0060approve X\\u0060\\u202e\\u0007\\u001b[2J\\u200b\\u0085"',
    );
    expect(text.match(/```/g)).toHaveLength(2);
  });

  test('shows what is no JSON as one text, and a name that is none as one', () => {
    const names = { tool: 'a`b\n\nc', agent: 'X\u202e' };
    const text = askedText([{ ...call, ...names, arguments: '```\n# Approved' }], 'run_1');
    expect(text).toContain("`X\\u202e` asks for approval to call `a'b c` with:");
    expect(text).toContain('"\\u0060\\u0060\\u0060\\n# Approved"');
  });

  test('shows numbers as they were written', () => {
    const text = askedText([{ ...call, arguments: '{"a":12345678901234567890,"b":1e400}' }], 'r');
    expect(text).toContain('"a": 12345678901234567890,\n  "b": 1e400');
  });

  test('says that it shows the beginning of what is long', () => {
    const written = JSON.stringify({ body: 'x'.repeat(5000), to: 'eve@example.com' });
    const text = askedText([{ ...call, arguments: written }], 'run_1');
    expect(text).toContain(`${'x'.repeat(1991)}…\n\`\`\``);
    expect(text).toContain(
      'These are the first 2000 of 5034 letters. All of them are told by `GET /v1/runs/run_1/approvals`.',
    );
  });

  test('has a bound for what is nested without end', () => {
    const text = askedText([{ ...call, arguments: '['.repeat(100_000) }], 'run_1');
    expect(text.length).toBeLessThan(2500);
    const deep = `${'['.repeat(50_000)}${']'.repeat(50_000)}`;
    expect(askedText([{ ...call, arguments: deep }], 'run_1').length).toBeLessThan(2500);
  });
});
