import { questionOf } from '../faults/ask-agent.ts';
import { makeKey } from '../faults/caller.ts';
import { agents } from '../faults/project-files.ts';
import type { GatewayPair } from './gateway-pair.ts';

const [desk, , plain] = agents;
const whole = { format: 'chat', stream: false } as const;

/** Of each model call, in and out, as the upstream counts it. */
const tokensOfCall = 15;

const askersAtOnce = 8;

/** Asks so many times at once, and counts the statuses. */
export async function countStatuses(
  { send }: GatewayPair,
  key: string,
  count: number,
): Promise<Record<number, number>> {
  const { path, body } = questionOf(plain, 'count-1', whole);
  const asked = Array.from({ length: count }, () => send(path, { key, method: 'POST', body }));
  const counts: Record<number, number> = {};
  for (const sent of await Promise.all(asked)) {
    const status = sent.type === 'answer' ? sent.status : 0;
    counts[status] = (counts[status] ?? 0) + 1;
  }
  return counts;
}

/** Asks with a key of such a budget until it is refused, and counts what the upstream answered for it. */
export async function useBudget(
  { bench, send }: GatewayPair,
  options: { readonly tokens: number; readonly whileUsed: () => Promise<void> },
): Promise<{ readonly tokens: number; readonly refusals: number }> {
  const made = await makeKey({ bench, send }, { tokens_per_day: options.tokens });
  let refusals = 0;
  let count = 0;
  const use = async () => {
    while (refusals === 0) {
      count += 1;
      const { path, body } = questionOf(desk, `budget-${count}`, whole);
      const sent = await send(path, { key: made.key, method: 'POST', body });
      if (sent.type === 'answer' && sent.text.includes('"insufficient_quota"')) refusals += 1;
    }
  };
  await Promise.all([...Array.from({ length: askersAtOnce }, use), options.whileUsed()]);
  return { tokens: (bench.upstream.answered.get('budget') ?? 0) * tokensOfCall, refusals };
}
