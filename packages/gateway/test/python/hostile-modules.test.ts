import { writeFile } from 'node:fs/promises';
import { describe, expect, test } from 'vitest';
import type { Finding } from '../../src/protocol/diagnostics.ts';
import { missingPython } from '../support/python-with-sdk.ts';
import { loadedWorker, pythonFindingOf, writePythonModule } from '../support/python-worker.ts';
import { textOf } from '../support/worker-run.ts';

const missing = await missingPython();

const echo = `
class Echo:
    async def run(self, messages):
        yield "served"

agent = Echo()
`;

type Case = readonly [what: string, source: string | Buffer, finding: Partial<Finding>];

const refused: readonly Case[] = [
  [
    'a file in UTF-16',
    Buffer.from(`\ufeffagent = 1\n`, 'utf16le'),
    { code: 'syntax_error', line: 1, hint: 'Save the file as text in UTF-8.' },
  ],
  [
    'a byte that is 0 in its last line',
    'x = 1\ny = 2\nz = "\0"\n',
    {
      code: 'syntax_error',
      line: 3,
      message: 'Written/agent.py does not parse: it has a byte that is 0',
    },
  ],
  ['a codec that gives no text', `# coding: hex\n${echo}`, { code: 'syntax_error', line: 1 }],
  ['a codec that always fails', `# coding: undefined\n${echo}`, { code: 'syntax_error', line: 1 }],
  [
    'an expression that is nested too deeply for the parser',
    `x = ${'-'.repeat(20_000)}1\n${echo}`,
    {
      code: 'syntax_error',
      hint: 'Split what is nested so deeply, such as a long sum, into several statements.',
    },
  ],
  [
    'an error whose text has 50 million letters',
    'x = 1\nraise ValueError("x" * 50_000_000)\n',
    { code: 'import_failed', line: 2 },
  ],
  [
    'an exit that says as much',
    'import sys\nsys.exit("x" * 50_000_000)\n',
    { code: 'process_exit', line: 2 },
  ],
  [
    'a syntax error whose place is no number',
    'e = SyntaxError("odd")\ne.filename, e.lineno, e.text = __file__, "five", 5\nraise e\n',
    { code: 'import_failed', file: expect.stringMatching(/agent\.py$/) as unknown as string },
  ],
  [
    'an import error about a name that is no text',
    'raise ModuleNotFoundError("odd", name=5)\n',
    {
      code: 'import_failed',
      message: 'src/agents/Written/agent.py raised while it was imported: ModuleNotFoundError: odd',
    },
  ],
  [
    'an error that hides where it was raised',
    'class Odd(Exception):\n    @property\n    def __traceback__(self): raise ValueError\nraise Odd("x")\n',
    {
      code: 'import_failed',
      hint: expect.stringContaining('that Python can show') as unknown as string,
    },
  ],
  [
    'an export that raises when it is compared',
    'class Odd:\n    def __eq__(self, other): raise ValueError("not like that")\nagent = Odd()\n',
    {
      code: 'import_failed',
      line: 2,
      message: expect.stringMatching(/not like that$/) as unknown as string,
    },
  ],
];

const served: readonly (readonly [what: string, source: string])[] = [
  ['a sum of 1500 terms', `x = ${Array(1500).fill('1').join(' + ')}\n${echo}`],
  [
    'an `if` with 1200 branches',
    `y = 3\nif y == 0:\n    pass\n${Array.from({ length: 1200 }, (_, n) => `elif y == ${n}:\n    x = ${n}\n`).join('')}${echo}`,
  ],
  [
    'a chain of 700 calls',
    `class C:\n    def a(self): return self\nx = C()${'.a()'.repeat(700)}\n${echo}`,
  ],
  ['numbers in its settings that no JSON has', `__gateway__ = {"max_turns": 10**400}\n${echo}`],
  ['fields of its settings that are no names', `__gateway__ = {"*": 1, "(?": 2, "": 3}\n${echo}`],
  ['an `__all__` that is no list', `__all__ = 5\n${echo}`],
];

describe.skipIf(missing)(`hostile Python modules (${missing ?? 'run'})`, () => {
  test.each(refused)('are refused with a finding: %s', async (_what, source, finding) => {
    const load = await writePythonModule({ 'agent.py': '' });
    await writeFile(load.entry, source);
    const found = await pythonFindingOf(load);
    expect(found).toMatchObject({ file: load.entry, ...finding });
    expect(found.hint).toMatch(/\.$/);
    expect(JSON.stringify(found).length).toBeLessThan(30_000);
  });

  test.each(served)('are served where Python runs them: %s', async (_what, source) => {
    const { worker } = await loadedWorker({ 'agent.py': source });
    expect(textOf(await worker.eventsOf('Hello'))).toBe('served');
  });
});
