import { Agent, request } from 'undici';

export type Target = {
  readonly url: string;
  readonly headers: Record<string, string>;
  readonly model: string;
};

/** What is asked for: how the upstream streams its answer (see there), and how many words it has. */
export type Wish = {
  readonly stream: boolean;
  readonly pace?: 'slowly' | 'steadily' | 'quietly';
  readonly words?: number;
};

export type Sample = {
  /** Time of each request in ms, sorted. */
  readonly latenciesMs: readonly number[];
  /** Time to the first content of each streamed request in ms, sorted. */
  readonly firstTextMs: readonly number[];
  readonly seconds: number;
};

const question = 'What is the weather in Paris?';

/**
 * Sends `count` requests, `concurrency` at a time, and checks that each answer is whole. After `mostSeconds` no more are
 * sent: for what only warms.
 */
export async function load(
  target: Target,
  options: Wish & {
    readonly count: number;
    readonly concurrency: number;
    readonly mostSeconds?: number;
  },
): Promise<Sample> {
  const agent = new Agent({ connections: options.concurrency, pipelining: 1 });
  const latenciesMs: number[] = [];
  const firstTextMs: number[] = [];
  let left = options.count;
  const startedMs = performance.now();
  const endsAtMs = startedMs + (options.mostSeconds ?? Number.POSITIVE_INFINITY) * 1000;
  const client = async () => {
    while (left > 0 && performance.now() < endsAtMs) {
      left -= 1;
      const result = await ask(target, agent, options);
      latenciesMs.push(result.totalMs);
      if (result.firstTextMs !== null) firstTextMs.push(result.firstTextMs);
    }
  };
  await Promise.all(Array.from({ length: options.concurrency }, client));
  const seconds = (performance.now() - startedMs) / 1000;
  await agent.close();
  const ascending = (a: number, b: number) => a - b;
  return {
    latenciesMs: latenciesMs.sort(ascending),
    firstTextMs: firstTextMs.sort(ascending),
    seconds,
  };
}

/** Asks once, checks that the answer is whole, and gives how long it took in ms, and its first content. */
export async function ask(target: Target, agent: Agent, { stream, pace, words }: Wish) {
  const content = `${question}${pace ? ` Answer ${pace}.` : ''}${words ? ` A text of ${words} words.` : ''}`;
  const startedMs = performance.now();
  const { statusCode, body } = await request(`${target.url}/v1/chat/completions`, {
    method: 'POST',
    dispatcher: agent,
    headers: { 'content-type': 'application/json', ...target.headers },
    body: JSON.stringify({ model: target.model, stream, messages: [{ role: 'user', content }] }),
  });
  let text = '';
  let firstTextMs: number | null = null;
  for await (const chunk of body.setEncoding('utf8')) {
    text += chunk;
    if (stream && firstTextMs === null && text.includes('word0')) {
      firstTextMs = performance.now() - startedMs;
    }
  }
  const whole = statusCode === 200 && (stream ? text.includes('[DONE]') : text.includes('word0'));
  if (!whole || text.includes('"error"')) throw new Error(`Answered ${statusCode}: ${text}`);
  return { totalMs: performance.now() - startedMs, firstTextMs };
}
