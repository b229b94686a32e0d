import type { Callers } from './ask-planned.ts';
import { answerOf, type PlannedRequest, questionOf, usageOf } from './planned-request.ts';
import { type Sighting, within } from './sightings.ts';
import type { StormGateway } from './storm-gateway.ts';

/** What came of the requests so far. */
export type StormTally = {
  answered: number;
  left: number;
  /** Answers that were not as they had to be, the first few of them. */
  readonly wrong: string[];
  /** From the moment a caller left until its model call was closed at the upstream, in ms. */
  readonly upstreamMs: number[];
  /** The same until its run was stopped in its worker. */
  readonly workerMs: number[];
};

export function createTally(): StormTally {
  return { answered: 0, left: 0, wrong: [], upstreamMs: [], workerMs: [] };
}

const MOST_SHOWN = 5;

/** Sends requests of these ids, so many at a time, and waits for all that comes of each. */
export async function runStorm(
  storm: StormGateway,
  requests: {
    readonly from: number;
    readonly to: number;
    readonly concurrency: number;
    readonly planOf: (id: number) => PlannedRequest;
    readonly callers: Callers;
  },
  tally: StormTally,
): Promise<void> {
  let next = requests.from;
  const caller = async () => {
    while (next < requests.to) {
      const planned = requests.planOf(next++);
      const { secret } = storm.keys[planned.key];
      if (planned.plan === 'answer') await ask(requests.callers, planned, { secret, tally });
      else await leave(storm, requests.callers, { planned, secret, tally });
    }
  };
  await Promise.all(Array.from({ length: requests.concurrency }, caller));
}

async function ask(
  callers: Callers,
  planned: PlannedRequest,
  { secret, tally }: { readonly secret: string; readonly tally: StormTally },
): Promise<void> {
  const { status, content, tokens, raw } = await callers.ask(planned, secret);
  tally.answered += 1;
  const { input, output } = usageOf(planned.id);
  const calls = planned.hasTools ? 2 : 1;
  const isCounted = tokens === null || tokens === calls * (input + output);
  if (status === 200 && content === answerOf(planned) && isCounted) return;
  if (tally.wrong.length < MOST_SHOWN) {
    tally.wrong.push(`${JSON.stringify(planned)} was answered ${status} ${raw.slice(0, 2000)}`);
  }
}

type Leaving = {
  readonly planned: PlannedRequest;
  readonly secret: string;
  readonly tally: StormTally;
};

async function leave(storm: StormGateway, callers: Callers, leaving: Leaving): Promise<void> {
  const { planned, secret, tally } = leaving;
  const { id, plan } = planned;
  tally.left += 1;
  if (plan === 'before_run') {
    // Where it sends all of it, a run may begin and has to end: that nothing is left in the end shows it.
    const sends = id % 2 === 0 ? 'half' : 'all';
    await callers.leave(planned, secret, { sends, until: Promise.resolve() });
    return;
  }
  const call = storm.upstream.sightings.watch(id);
  const run = storm.lines.sightings.watch(id);
  try {
    const until = isThere(planned, { call, run });
    const hears = plan === 'mid_stream' && planned.stream ? 'Half' : undefined;
    const leftAtMs = await callers.leave(planned, secret, { sends: 'all', until, hears });
    if (plan !== 'in_tool') {
      const endedAtMs = await within(
        call.ended,
        `the end of the model call of ${questionOf(planned)}`,
      );
      tally.upstreamMs.push(endedAtMs - leftAtMs);
    }
    if (holdsLine(planned)) {
      const endedAtMs = await within(run.ended, `the end of the run of ${questionOf(planned)}`);
      tally.workerMs.push(endedAtMs - leftAtMs);
    }
  } finally {
    storm.upstream.sightings.forget(id);
    storm.lines.sightings.forget(id);
  }
}

/** Whether the worker holds a connection while the run goes on: in a tool, and agents without tools at all times. */
function holdsLine({ plan, hasTools }: PlannedRequest): boolean {
  return plan === 'in_tool' || !hasTools;
}

/** Resolves when a request has come to the place where its caller leaves. */
async function isThere(
  planned: PlannedRequest,
  { call, run }: { readonly call: Sighting; readonly run: Sighting },
): Promise<void> {
  const what = `the place where ${questionOf(planned)} is left`;
  if (holdsLine(planned)) await within(run.begun, what);
  if (planned.plan !== 'in_tool') await within(call.begun, what);
}
