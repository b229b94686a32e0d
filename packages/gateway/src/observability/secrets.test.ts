import { describe, expect, test } from 'vitest';
import { createSecrets } from './secrets.ts';

describe('the secrets of a module', () => {
  test('are hidden in what it says, and in nobody else’s words', () => {
    const secrets = createSecrets();
    secrets.addModule('labs/spy', { SPY_TOKEN: 'access denied', SPY_KEY: 'default/desk' });
    expect(secrets.textOf('labs/spy')('access denied for default/desk')).toBe(
      '[secret] for [secret]',
    );
    expect(secrets.textOf('default/desk')('access denied for default/desk')).toBe(
      'access denied for default/desk',
    );
    expect(secrets.textOf(null)('access denied')).toBe('access denied');
  });

  test('are hidden line by line, as JSON writes them, and however long', () => {
    const secrets = createSecrets();
    const long = Array.from({ length: 300 }, (_, at) => `part${at}`).join('.');
    secrets.addModule('a/b', { PEM_KEY: 'first line\nsecond"line\nend', LONG_KEY: long });
    const shown = secrets.textOf('a/b');
    expect(shown('> second"line <')).toBe('> [secret] <');
    expect(shown(JSON.stringify({ pem: 'first line\nsecond"line' }))).toBe(
      '{"pem":"[secret]\\n[secret]"}',
    );
    expect(shown(`a ${long} b`)).toBe('a [secret] b');
    expect(shown('the end')).toBe('the end');
  });

  test('push out no other’s, however many they are', () => {
    const secrets = createSecrets();
    const many = Array.from({ length: 3000 }, (_, at) => [`T${at}_KEY`, `value-${at}-of-many`]);
    secrets.addModule('a/many', Object.fromEntries(many));
    secrets.own.addValue('store-password');
    secrets.addModule('a/other', { OTHER_KEY: 'other-secret' });
    expect(secrets.textOf('a/other')('store-password other-secret')).toBe('[secret] [secret]');
    expect(secrets.textOf('a/many')('value-7-of-many store-password')).toBe('[secret] [secret]');
  });

  test('of the generation before stay hidden while it drains', () => {
    const secrets = createSecrets();
    secrets.addModule('a/b', { A_KEY: 'the-old-secret' });
    secrets.addModule('a/b', { A_KEY: 'the-new-secret' });
    expect(secrets.textOf('a/b')('the-old-secret the-new-secret')).toBe('[secret] [secret]');
  });

  test('that the operator gives are hidden whatever they are called, the ones before too', () => {
    const secrets = createSecrets();
    secrets.addModule('a/b', { CITY: 'Paris on the Seine', A_KEY: 'its-own-secret' });
    for (const value of ['first-value', 'first-value', 'second-value']) {
      secrets.addGiven('a/b', [value]);
    }
    expect(
      secrets.textOf('a/b')('first-value second-value its-own-secret Paris on the Seine'),
    ).toBe('[secret] [secret] [secret] Paris on the Seine');
    expect(secrets.textOf('a/c')('second-value')).toBe('second-value');
  });
});
