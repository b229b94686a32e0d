import { expect, test } from 'vitest';
import { hideValues } from './hide-values.ts';

const secret = 'Bearer key/with"quotes+1234';
const key = 'key/with"quotes+1234';
const hide = hideValues([secret, 'short']);

test.each([
  ['as it was sent', `got ${secret}.`, 'got [secret].'],
  ['without its scheme', `bad key ${key}`, 'bad key [secret]'],
  ['as JSON', JSON.stringify({ authorization: secret }), '{"authorization":"[secret]"}'],
  ['in an address', `/?key=${encodeURIComponent(key)}&a=b`, '/?key=[secret]&a=b'],
  ['in base64', Buffer.from(secret).toString('base64'), '[secret]'],
  [
    'cut at the end of the text',
    `{"authorization":"${secret.slice(0, 17)}`,
    '{"authorization":"[secret]',
  ],
  [
    'cut before the words that say so',
    `key ${secret.slice(0, 17)}\n\n[cut: the answer is longer than 100 bytes]`,
    'key [secret]\n\n[cut: the answer is longer than 100 bytes]',
  ],
  ['in parts that are no secret', 'Bearer of short news', 'Bearer of short news'],
])('a secret %s', (_where, text, shown) => {
  expect(hide(text)).toBe(shown);
});
