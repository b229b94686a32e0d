import { expect, test } from 'vitest';
import { withoutBrokerAddress } from './azure-client.ts';

test('a client is made without the broker’s address in sight, which is there again afterwards', () => {
  const env: Record<string, string> = { OPENAI_BASE_URL: 'http://127.0.0.1:9/v1' };
  class Client {
    readonly seen = env.OPENAI_BASE_URL;
    constructor(options: { isBroken?: boolean } = {}) {
      if (options.isBroken) throw new RangeError('no endpoint');
    }
  }
  const Guarded = withoutBrokerAddress(Client, env) as typeof Client;
  class Own extends Guarded {}
  expect([new Guarded().seen, new Own().seen]).toEqual([undefined, undefined]);
  expect(new Own()).toBeInstanceOf(Client);
  expect(() => new Guarded({ isBroken: true })).toThrow('no endpoint');
  expect(env).toEqual({ OPENAI_BASE_URL: 'http://127.0.0.1:9/v1' });
  expect(withoutBrokerAddress(undefined, env)).toBeUndefined();
});
