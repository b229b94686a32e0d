const address = 'OPENAI_BASE_URL';

/**
 * The `openai` package's Azure client as the author's files get it. It would take the broker's address, which a worker
 * has in its environment, for its own, and refuse the endpoint beside it. Anything but a class is given back.
 *
 * @param env - Of this process.
 */
export function withoutBrokerAddress(
  client: unknown,
  env: Record<string, string | undefined>,
): unknown {
  if (typeof client !== 'function') return client;
  return new Proxy(client, {
    construct(target, given: readonly unknown[], newTarget) {
      const brokerAddress = env[address];
      delete env[address];
      try {
        return Reflect.construct(target, given, newTarget) as object;
      } finally {
        if (brokerAddress !== undefined) env[address] = brokerAddress;
      }
    },
  });
}
