import { expect, test } from 'vitest';
import { useLoadHost } from '../../test/support/load-host.ts';
import { writeModule } from '../../test/support/node-worker.ts';

const { findingOf, manifestOf } = useLoadHost();

const agent = `{ run: ({ messages }) => 'x' }`;

test.each([
  ['agent.ts', `import 'dotenv/config';\nexport const agent = ${agent};\n`],
  ['agent.js', `const { config } = require('dotenv');\nconfig();\nmodule.exports = ${agent};\n`],
])('dotenv is there without an install, for %s', async (file, text) => {
  const { warnings } = await manifestOf(await writeModule({ [file]: text }));
  expect(warnings).toEqual([]);
});

test('dotenv reads the files it is named, and keeps what is there', async () => {
  const load = await writeModule({
    'agent.ts': `import dotenv from 'dotenv';
const path = [new URL('./more.env', import.meta.url), '/nowhere/.env'];
const { parsed, error } = dotenv.config({ path });
process.env.FIRST = '1';
dotenv.config({ path: path[0], override: true });
const { FIRST, SECOND, OPENAI_API_KEY } = process.env;
throw new Error(JSON.stringify([parsed, error?.name, FIRST, SECOND, OPENAI_API_KEY]));
`,
    'more.env': 'FIRST=one\nSECOND="two words"\nOPENAI_API_KEY=of-the-file\n',
  });
  const env = { ...load.env, OPENAI_API_KEY: 'of-the-gateway' };
  expect((await findingOf({ ...load, env })).message).toBe(
    `src/agents/Written/agent.ts threw while it was imported: Error: ${JSON.stringify([
      { FIRST: 'one', OPENAI_API_KEY: 'of-the-file', SECOND: 'two words' },
      'Error',
      'one',
      'two words',
      'of-the-gateway',
    ])}`,
  );
});

test('a copy of dotenv that a module has of its own comes first', async () => {
  const load = await writeModule({
    'agent.ts': `import own from 'dotenv';\nthrow new Error(own);\n`,
    'node_modules/dotenv/package.json': '{ "name": "dotenv", "main": "index.js" }',
    'node_modules/dotenv/index.js': `module.exports = 'its own';\n`,
  });
  expect((await findingOf(load)).message).toContain('Error: its own');
});
