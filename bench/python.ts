/**
 * Measures agents in Python: how fast one starts and a save is live, what an idle worker weighs, and what a run costs
 * against the same agent in a minimal Python server. Prints Markdown. Linux only (reads /proc).
 * `node bench/python.ts [starts] [saves] [runs]`, with `BENCH_PYTHON` or the environment that agents share.
 */
import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { measureRuns } from './python/python-runs.ts';
import { measureStarts, pythonAgent } from './python/python-starts.ts';
import { measureSaves } from './reload/save-latency.ts';
import { runParts } from './run-parts.ts';

const number = (name: string, otherwise: number) => Number(process.env[name] ?? otherwise);

const shared = resolve(import.meta.dirname, '../.dropgate/python/.venv/bin/python');
const python = process.env.BENCH_PYTHON ?? shared;
if (!existsSync(python)) {
  throw new Error(`There is no ${python}; make it with scripts/install-agent-deps --shared.`);
}

const env = { GATEWAY_PYTHON: python };
const saved = { file: 'agent.py', source: pythonAgent, env };
await runParts({
  starts: () => measureStarts(number('STARTS', 5), env),
  saves: () => measureSaves(number('EDITS', 50), saved),
  runs: () =>
    measureRuns({
      python,
      rounds: number('ROUNDS', 5),
      deltas: number('DELTAS', 50),
      onTable: (table) => process.stdout.write(`${table}\n\n`),
    }),
});
