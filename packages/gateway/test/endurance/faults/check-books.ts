import type { Caller } from './caller.ts';
import type { FaultBench } from './fault-bench.ts';

/** Of each model call, as the upstream counts it. */
const inputTokens = 10;
/** Model calls of a run that uses its tool. */
const callsOfRun = 2;

/**
 * What a killed gateway may lose of the counts: those of the last 50 ms, and on a machine with other work as much more as
 * it took this process to see the answer.
 */
const unwrittenMs = 1000;

/** Faults while which nothing is written, so that counts wait in memory. */
const unwritable = ['store locked', 'store full'];

export type Books = {
  readonly who: string;
  /** Model calls of answers that came whole, those that the gateway counted, and those that the upstream answered. */
  readonly acknowledged: number;
  readonly counted: number;
  readonly answered: number;
  /** Acknowledged ones that a kill may have lost. */
  readonly maybeLost: number;
};

/** What callers of agents with a tool were answered, beside what was counted of it. */
export async function readBooks(
  { gateway, upstream, witness }: Pick<FaultBench, 'gateway' | 'upstream' | 'witness'>,
  callers: readonly Caller[],
): Promise<Books[]> {
  const response = await fetch(`${gateway.url}/admin/usage?by=key`, {
    headers: { authorization: `Bearer ${gateway.key}` },
  });
  const { rows } = (await response.json()) as {
    rows: { key_id: string; input_tokens: number }[];
  };
  const losses = lossesOf(witness);
  return callers.map(({ who, keyId }) => {
    const right = witness.calls.filter((call) => call.who === who && call.end.type === 'right');
    const mayBeLost = right.filter(({ span }) =>
      losses.some(({ fromMs, untilMs }) => span.untilMs >= fromMs && span.untilMs <= untilMs),
    );
    const row = rows.find(({ key_id }) => key_id === keyId);
    return {
      who,
      acknowledged: right.length * callsOfRun,
      counted: (row?.input_tokens ?? 0) / inputTokens,
      answered: upstream.answered.get(who) ?? 0,
      maybeLost: mayBeLost.length * callsOfRun,
    };
  });
}

/** Spans of time whose counts a killed gateway had not written. */
function lossesOf({ kills, faults }: FaultBench['witness']) {
  return kills().map((killedMs) => {
    const held = faults.filter(
      ({ kind, span }) =>
        unwritable.includes(kind) &&
        span.fromMs < killedMs &&
        span.untilMs > killedMs - unwrittenMs * 5,
    );
    const fromMs = Math.min(killedMs, ...held.map(({ span }) => span.fromMs)) - unwrittenMs;
    return { fromMs, untilMs: killedMs + unwrittenMs };
  });
}

/** What does not fit together. */
export function wrongBooks(books: readonly Books[]): string[] {
  return books.flatMap(({ who, acknowledged, counted, answered, maybeLost }) => {
    if (counted > answered) return [`${who}: ${counted} counted, ${answered} answered`];
    if (counted >= acknowledged - maybeLost) return [];
    return [`${who}: ${acknowledged} acknowledged (${maybeLost} in a kill), ${counted} counted`];
  });
}
