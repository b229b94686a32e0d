import { testAbortStorm } from './abort-storm.ts';
import { stormAgents } from './storm-agents.ts';

const count = Number(process.env.ENDURANCE_REQUESTS ?? 300_000);

/** With fewer what is made once, and what happens to be held when it is read, is more than what grows. */
const enoughToTell = 100_000;

testAbortStorm({
  agents: stormAgents,
  count,
  seed: Number(process.env.ENDURANCE_SEED ?? 1),
  windows: 30,
  mostMbPer100k: count >= enoughToTell ? 1 : null,
  // Where others use the machine, runs wait for a CPU as well.
  stoppedWithinMs: process.env.ENDURANCE_QUIET === '1' ? 100 : null,
});
