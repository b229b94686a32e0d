import { describe, expect, test } from 'vitest';
import { hideOwn } from './hide-words.ts';

const hide = (text: string, patterns: readonly string[], fields: readonly string[] = []) =>
  hideOwn({ fields, patterns })?.(text);

test('nothing is hidden where nothing is named', () => {
  expect(hideOwn({ fields: [], patterns: [] })).toBeNull();
});

describe('words', () => {
  test.each([
    ['cust-*', 'For cust-17, Cust-18 and custom-19.', 'For [secret], [secret] and custom-19.'],
    ['*@*.example.com', 'Ask me@mail.example.com.', 'Ask [secret]'],
    ['*@*.example.com', '{"to":"me@x.example.com"}', '{"to":"[secret]"}'],
    ['####-####', 'card=1234-5678, 1234-567x', 'card=[secret], 1234-567x'],
    ['####', '{"card": 1234,"n":12}', '{"card": "[secret]","n":12}'],
    ['a*b*c', 'aXXbYYc abc acb', '[secret] [secret] acb'],
    ['.+(x)', 'regular .+ stays', 'regular .+ stays'],
  ])('%s in %j', (pattern, text, shown) => {
    expect(hide(text, [pattern])).toBe(shown);
  });
});

describe('fields', () => {
  test.each([
    ['email=me@x.y other', 'email=[secret] other'],
    ['{"email": "a b \\"c", "n": 1}', '{"email": "[secret]", "n": 1}'],
    ['{"email":"me","iban":"DE1"}', '{"email":"[secret]","iban":"[secret]"}'],
    ['{\\"email\\":\\"me\\"}', '{\\"email\\":\\"[secret]\\"}'],
    ["{'email': 'me'}", "{'email': '[secret]'}"],
    ['EMAIL : me, my_email=me', 'EMAIL : [secret], my_email=me'],
    ['an email to me', 'an email to me'],
    ['{"email": 17, "iban":true}', '{"email": "[secret]", "iban":"[secret]"}'],
    ['{\\"email\\":17}', '{\\"email\\":\\"[secret]\\"}'],
  ])('in %j', (text, shown) => {
    expect(hide(text, [], ['email', 'iban'])).toBe(shown);
  });
});

// With time that grew faster than the text, none of these would end.
test.each([
  ['one long word', 'a'.repeat(200_000)],
  ['many words', 'a-a@a.a '.repeat(25_000)],
  ['many names', 'my_email=""no_email:'.repeat(10_000)],
  [
    'many values',
    'email=""email:'.repeat(14_000),
    `email="[secret]"email:${'[secret]""email:'.repeat(13_999)}`,
  ],
])('goes through %s', (_what, text, shown = text) => {
  const patterns = Array.from({ length: 100 }, (_, at) => `*a*a*a*${at}@*.*.*z`);
  const fields = Array.from({ length: 100 }, (_, at) => `email${at}`);
  expect(hide(text, patterns, [...fields, 'email']) === shown).toBe(true);
});
