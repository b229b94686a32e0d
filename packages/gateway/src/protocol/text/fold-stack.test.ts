import { expect, test } from 'vitest';
import { foldStack } from './fold-stack.ts';

test('counts the lines of a stack that lie in packages', () => {
  const stack = [
    'RangeError: too far',
    '    at act (/p/src/agents/A/agent.ts:8:9)',
    '    at run (/p/node_modules/@openai/agents-core/dist/run.mjs:1:2)',
    '    at process.processTicksAndRejections (node:internal/process/task_queues:105:5)',
    '    at main (/p/src/agents/A/agent.ts:2:1)',
    '    at end (/p/node_modules/x/end.js:1:2)',
  ];
  expect(foldStack(stack.join('\n')).split('\n')).toEqual([
    'RangeError: too far',
    '    at act (/p/src/agents/A/agent.ts:8:9)',
    '    … 2 lines of packages',
    '    at main (/p/src/agents/A/agent.ts:2:1)',
    '    … 1 line of packages',
  ]);
  const python = [
    'Traceback (most recent call last):',
    '  File "/p/.venv/lib/python3.12/site-packages/agents/run.py", line 9, in run',
    '    result = await step()',
    '             ^^^^^^^^^^^^',
    '  File "/g/python/dropgate_worker/run/run_plain.py", line 22, in run_plain',
    '    answer = await asyncio.to_thread(function)',
    '  File "/usr/lib/python3.12/asyncio/threads.py", line 25, in to_thread',
    '    return await loop.run_in_executor(None, func_call)',
    '  File "/p/src/agents/A/agent.py", line 3, in act',
    '    raise ValueError("no")',
    'ValueError: no',
  ];
  expect(foldStack(python.join('\n')).split('\n')).toEqual([
    'Traceback (most recent call last):',
    '    … 3 lines of packages',
    '  File "/p/src/agents/A/agent.py", line 3, in act',
    '    raise ValueError("no")',
    'ValueError: no',
  ]);
});
