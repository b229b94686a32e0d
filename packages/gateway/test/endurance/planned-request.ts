/** Where its caller leaves a request. */
export const abortPoints = ['before_run', 'before_text', 'mid_stream', 'in_tool'] as const;

export type AbortPoint = (typeof abortPoints)[number];

/** `counted` pays from a budget and never leaves; `leaving` has a budget and a limit of its runs; `free` has neither. */
export const keyNames = ['counted', 'leaving', 'free'] as const;

export type KeyName = (typeof keyNames)[number];

/** What one request is, and where its caller leaves it; `answer` for one that stays to the end. */
export type PlannedRequest = {
  readonly id: number;
  readonly agent: string;
  readonly hasTools: boolean;
  readonly format: 'chat' | 'responses';
  readonly stream: boolean;
  readonly plan: 'answer' | AbortPoint;
  readonly key: KeyName;
  readonly user: string;
};

/** Of the name of its fixture, how often it is asked in proportion, and whether it is the SDK’s, with tools. */
export type StormAgent = {
  readonly name: string;
  readonly share: number;
  readonly hasTools: boolean;
};

/** One in so many is left. */
const leftEvery = 10;
const users = 40;

/** The requests of a seed: one of an id is the same however many there are. */
export function createPlans(seed: number, agents: readonly StormAgent[]) {
  const byShare = agents.flatMap((agent) => Array.from({ length: agent.share }, () => agent));
  return (id: number): PlannedRequest => {
    const random = createRandom(seed * 1_000_003 + id);
    const pick = <T>(all: readonly T[]) => all[Math.floor(random() * all.length)] as T;
    const { name, hasTools } = pick(byShare);
    const isLeft = random() * leftEvery < 1;
    const points = hasTools ? abortPoints : abortPoints.filter((point) => point !== 'in_tool');
    return {
      id,
      agent: `default/${name.toLowerCase()}`,
      hasTools,
      format: pick(['chat', 'responses']),
      stream: random() < 0.5,
      plan: isLeft ? pick(points) : 'answer',
      key: isLeft ? pick(['leaving', 'free']) : pick(keyNames),
      user: `user-${Math.floor(random() * users)}`,
    };
  };
}

/** Mulberry32. */
function createRandom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** What a request says, by which every side knows it. */
export function questionOf({ id, plan }: PlannedRequest): string {
  return `#${id} ${plan}`;
}

/** The answer to a request that is not left. */
export function answerOf({ id, hasTools }: PlannedRequest): string {
  return hasTools ? `Answer to #${id}: found ${id}.` : `Answer to #${id}.`;
}

/** Tokens that each model call of a request is told to have cost. */
export function usageOf(id: number): { readonly input: number; readonly output: number } {
  return { input: 20 + (id % 7), output: 10 + (id % 3) };
}
