import { describe, expect, test } from 'vitest';
import { createRedactor } from './redact.ts';

const key = `dg_${'a1B2_-x9'.repeat(5)}`;

describe('what is written', () => {
  test.each([
    [`The key ${key} is unknown.`, 'The key dg_[secret] is unknown.'],
    ['Incorrect API key: sk-proj-abcdef0123456789.', 'Incorrect API key: sk-[secret].'],
    ['Authorization: Bearer abc.def-123456', 'Authorization: Bearer [secret]'],
    ['authorization: basic dXNlcjpwYXNz', 'authorization: basic [secret]'],
    [
      'connect postgres://team:hunter2@db:5432/x failed',
      'connect postgres://team:[secret]@db:5432/x failed',
    ],
    ['{"a":"http://x:80/y","b":"me@z"}', '{"a":"http://x:80/y","b":"me@z"}'],
    [
      'sent eyJhbGciOiJFUzI1NiJ9.eyJzdWIiOiJhIn0.c2lnbmF0dXJl as it is',
      'sent eyJ[secret] as it is',
    ],
    ['eyJhbGci.txt and eyJhbGciOiJFUzI1NiJ9.md', 'eyJhbGci.txt and eyJhbGciOiJFUzI1NiJ9.md'],
    ['task sk-1, dg_ and a bearer of news', 'task sk-1, dg_ and a bearer of news'],
  ])('hides what has the form of a secret: %s', (text, shown) => {
    expect(createRedactor().text(text)).toBe(shown);
  });

  test('hides values of variables that are named like secrets, wherever they turn up', () => {
    const redactor = createRedactor();
    redactor.addEnvironment({
      SERPER_API_KEY: 'se*per+(value)',
      SERPER_API_KEY_FILE: '/run/secrets/serper',
      DATABASE_URL: 'mysql://root:p%40ssw0rd-long@db/x',
      CITY: 'Montevideo',
      TOKEN: 'short',
      BROKEN_URL: 'amqp://me:100%25-%zz-broken@mq',
      NOT_SET: undefined,
    });
    redactor.addValue(null);
    expect(
      redactor.deep({
        message: 'Bad key se*per+(value) in Montevideo, a short one.',
        stack: ['at /run/secrets/serper', 'denied: p@ssw0rd-long'],
        line: 3,
        none: null,
      }),
    ).toEqual({
      message: 'Bad key [secret] in Montevideo, a short one.',
      stack: ['at /run/secrets/serper', 'denied: [secret]'],
      line: 3,
      none: null,
    });
  });

  test.each([
    ['GET /x?key=ab%20cd%2Fef%2Bgh&n=1', 'GET /x?key=[secret]&n=1'],
    ['GET /x?key=ab+cd%2Fef%2Bgh', 'GET /x?key=[secret]'],
    ['GET /x?key=ab%20cd/ef%2Bgh', 'GET /x?key=[secret]'],
  ])('hides a value as an address writes it: %s', (text, shown) => {
    const redactor = createRedactor();
    redactor.addEnvironment({ API_KEY: 'ab cd/ef+gh' });
    expect(redactor.text(text)).toBe(shown);
  });

  test('shows the folder a shell was in, whose variable is named like a password', () => {
    const redactor = createRedactor();
    redactor.addEnvironment({ PWD: '/home/ann/project', DB_PWD: '/home/ann/secret' });
    expect(redactor.text('/home/ann/project/agent.ts, /home/ann/secret')).toBe(
      '/home/ann/project/agent.ts, [secret]',
    );
  });

  test.each([
    ['says planted-se', 'says [secret]'],
    ['says planted-secr … (line cut)', 'says [secret] … (line cut)'],
    ['says planted-se…', 'says [secret]…'],
    ['says planted-sec\ufffd…', 'says [secret]\ufffd…'],
    ['says plant', 'says plant'],
    ['says planted-seed, twice', 'says planted-seed, twice'],
  ])('hides what is left of a secret where a text was cut: %s', (text, shown) => {
    const redactor = createRedactor();
    redactor.addEnvironment({ SHOP_KEY: 'planted-secret-value' });
    expect(redactor.text(text)).toBe(shown);
  });

  test('hides a secret whole that begins as another', () => {
    const redactor = createRedactor();
    redactor.addEnvironment({ A_KEY: 'abcdefgh' });
    redactor.addEnvironment({ B_KEY: 'abcdefgh-ijkl' });
    expect(redactor.text('abcdefgh-ijkl abcdefgh')).toBe('[secret] [secret]');
  });
});

test('a long text takes no longer than it must, whatever it is made of', () => {
  const redactor = createRedactor();
  for (const piece of ['a-', 'x://', 'x://y:', 'bearer ', 'sk-', 'dg_ ']) {
    expect(redactor.text(piece.repeat(200_000))).toContain(piece);
  }
});
