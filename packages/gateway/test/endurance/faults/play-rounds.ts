import { until } from '../../acceptance/until.ts';
import { formats, judge, questionOf, type Send } from './ask-agent.ts';
import { askedNow, type FaultBench } from './fault-bench.ts';
import { injections } from './fault-kinds.ts';
import type { FaultedAgent } from './project-files.ts';
import type { PlannedFault, Round } from './schedule.ts';
import { writeNewest } from './watcher-storm.ts';

/** Calls after a round in which nothing may go wrong. */
const quietCalls = 20;

/** Does what was planned, then waits until all serves again, and for a while in which all has to go well. */
export async function playRound(
  bench: FaultBench,
  round: Round,
  send: Send,
): Promise<{ readonly servedAfterMs: number }> {
  const { witness } = bench;
  const rest = witness.disturb();
  await Promise.all(round.map((planned) => playFault(bench, planned)));
  const ends = witness.faults.slice(-round.length).map(({ span }) => span.untilMs);
  if (round.some(({ kind }) => kind === 'watcher storm')) await writeNewest(bench);
  const { versions, agents } = bench;
  const untilServe = (oldest: number) =>
    Promise.all(agents.map((agent) => untilServes(bench, { agent, oldest, send })));
  await untilServe(versions.oldest);
  const servedAfterMs = performance.now() - Math.max(...ends);
  // A version that changes again and again is loaded after a pause; the one before serves meanwhile.
  await untilServe(versions.newest);
  versions.oldest = versions.newest;
  rest();
  await callsLater(bench, quietCalls);
  return { servedAfterMs };
}

async function playFault(bench: FaultBench, planned: PlannedFault): Promise<void> {
  await callsLater(bench, planned.afterCalls);
  const seen = bench.witness.fault(planned.kind);
  const { detail, isOver, heal } = await injections[planned.kind](bench, planned.chance);
  seen.detail(detail);
  if (isOver) seen.over();
  else await callsLater(bench, planned.forCalls);
  await heal();
  if (!isOver) seen.over();
}

/** Waits until callers have seen so many more answers, of whatever kind. */
export async function callsLater(
  { witness }: Pick<FaultBench, 'witness'>,
  count: number,
): Promise<void> {
  const goal = witness.calls.length + count;
  await until(`${count} calls`, () => witness.calls.length >= goal);
}

/** Asks until an agent answers, of that version or a newer one. */
async function untilServes(
  bench: FaultBench,
  asking: { readonly agent: FaultedAgent; readonly oldest: number; readonly send: Send },
): Promise<void> {
  const { agent, oldest, send } = asking;
  let count = 0;
  await until(`${agent.name} to serve again`, async () => {
    count += 1;
    const word = `serve-${count}`;
    const asked = { ...askedNow(bench, word), oldest };
    const { path, body } = questionOf(agent, word, formats[0]);
    const sent = await send(path, { key: bench.gateway.key, method: 'POST', body });
    return judge(agent, sent, asked).end.type === 'right';
  });
}
