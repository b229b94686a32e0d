import { testAbortStorm } from './abort-storm.ts';
import { stormAgents } from './storm-agents.ts';

testAbortStorm({
  agents: stormAgents,
  count: 200,
  seed: Number(process.env.ENDURANCE_SEED ?? 1),
  windows: 2,
  mostMbPer100k: null,
  stoppedWithinMs: null,
});
