/**
 * Measures agents in Python: how fast one starts and a save is live, and what an idle worker weighs. Prints Markdown. Linux
 * only (reads /proc). `node bench/python.ts [starts] [saves]`, with `BENCH_PYTHON` or the environment that agents share.
 */
import { measureStarts, pythonAgent } from './python/python-starts.ts';
import { measureSaves } from './reload/save-latency.ts';
import { runParts } from './run-parts.ts';
import { neededPython } from './runs/python-with-sdk.ts';

const number = (name: string, otherwise: number) => Number(process.env[name] ?? otherwise);

const env = { GATEWAY_PYTHON: neededPython() };
const saved = { file: 'agent.py', source: pythonAgent, env };
await runParts({
  starts: () => measureStarts(number('STARTS', 5), env),
  saves: () => measureSaves(number('EDITS', 50), saved),
});
