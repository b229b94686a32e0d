import fc from 'fast-check';
import { type Json, jsonText, mutated, mutatedBytes, oddText } from './odd-values.ts';

/** A text of a format: a right one, mutated, or parts of it again and again, `most` times at most. */
export function textOf(
  right: readonly string[],
  parts: readonly string[],
  most = 30_000,
): fc.Arbitrary<Buffer> {
  const repeated = fc
    .tuple(
      fc.array(fc.constantFrom(...parts), { minLength: 1, maxLength: 3 }),
      fc.constantFrom(1, 5, 50, 50, Math.min(5000, most), most),
      fc.constantFrom(...right, ...parts, ''),
      fc.constantFrom(...right, ...parts, ''),
    )
    .map(([unit, times, before, after]) => before + unit.join('').repeat(times) + after);
  const joined = fc.array(fc.oneof(fc.constantFrom(...right, ...parts), oddText), { maxLength: 8 });
  return fc.oneof(
    { weight: 3, arbitrary: mutatedBytes(fc.constantFrom(...right)) },
    { weight: 2, arbitrary: repeated.map((text) => Buffer.from(text)) },
    { weight: 2, arbitrary: mutatedBytes(joined.map((all) => all.join(''))) },
    { weight: 1, arbitrary: fc.uint8Array({ maxLength: 60 }).map((bytes) => Buffer.from(bytes)) },
    {
      weight: 1,
      arbitrary: fc.constantFrom(...right).map((text) => Buffer.from(`\ufeff${text}`, 'utf16le')),
    },
  );
}

export const requirementParts = [
  'httpx',
  '>=1',
  ',',
  ' ',
  ';',
  '(',
  ')',
  '[',
  ']',
  '@ ',
  '\\\n',
  '\n',
  '--hash=sha256:aa ',
  '-r requirements.txt\n',
  '-c x\n',
  '-e .\n',
  '#',
  'python_version',
  '"3"',
  ' and ',
  ' or ',
  ' in ',
  'constructor',
  '__proto__',
  '1.',
  '!',
  '*',
  '\t',
  '\r',
  '\u2028',
];
export const requirements = textOf(
  [
    'httpx>=0.27,<1 ; python_version >= "3.9" --hash=sha256:aa\n-r other.txt\n',
    '--index-url https://x\nopenai-agents[litellm]==1.0\n-e ./x\nfoo @ https://x/y-1.whl\n',
    '--constructor x\n-toString\n',
  ],
  requirementParts,
);
export const toml = textOf(
  ['[project]\ndependencies = ["httpx>=1", \'x\', # c\n]\nrequires-python = ">=3.10"\n'],
  [
    '[project]\n',
    'dependencies = [',
    '"a",',
    "'b'",
    '#',
    '\n',
    '\\',
    ' ',
    '[',
    ']',
    '"""',
    'requires-python=">=3"',
  ],
);
export const header = textOf(
  ['# /// script\n# dependencies = ["httpx"]\n# requires-python = ">=3.10"\n# ///\nimport x\n'],
  ['# /// script\n', '# ///\n', '# dependencies = [\n', '# "a",\n', '#\n', '\n', ' '],
);
export const packageJson = textOf(
  [
    '{"name":"x","dependencies":{"zod":"^4","@a/b":"1"},"peerDependencies":{"y":"*"},"peerDependenciesMeta":{"y":{"optional":true}}}',
    '{"dependencies":{"constructor":"1","__proto__":"2","toString":"x"}}',
  ],
  [
    '{',
    '}',
    '"dependencies"',
    ':',
    ',',
    '"a":"1",',
    '[',
    ']',
    '\\',
    ' ',
    '\n',
    '1',
    'null',
    '\u2028',
  ],
);
export const packageObject = mutated(
  fc.constant<Json>({
    name: 'x',
    dependencies: { zod: '^4', b: 'file:../b' },
    peerDependencies: { y: '*' },
    optionalDependencies: { z: '1' },
    devDependencies: {},
    peerDependenciesMeta: { y: { optional: true } },
    packages: { 'node_modules/a': { version: '1', os: ['linux'], hasInstallScript: true } },
  }),
).map((value) => Buffer.from(jsonText(value)));
export const npmrc = textOf(
  ['registry=https://x\n@a:registry=https://y\n//x/:_authToken=z\nomit[]=dev\n; c\n'],
  ['//x:', ':', 'registry=', '@a:', '_authToken', '=', '[]', '\n', '\r', ' ', '%', '/', '$X'],
);
export const envFile = textOf(
  ['A=1\nexport B="x\ny" # c\nC=\'z\'\nD=`q`\n'],
  [
    'A=',
    '"',
    "'",
    '`',
    '\n',
    '#',
    'export ',
    ' ',
    '=',
    '\\',
    '\r',
    '\t',
    '__proto__=x\n',
    'constructor=1\n',
  ],
);
const nested = textOf(
  [
    "import { Agent, tool } from '@openai/agents';\nexport const __gateway__ = { model: 'x', constructor: 1 };\nexport const agent = new Agent({ name: 'A', tools: [b.asTool({})] });\n",
    "/** c */\nconst x = require('y');\nmodule.exports = async function run({ messages }) { for (const a of b) yield a; }\n",
    "export async function runWorkflow(input) { const r = await run(agent, input); return { output: r }; }\nif (import.meta.main) await run(agent, 'x');\n",
  ],
  [
    'import ',
    'from ',
    "'a'",
    '"',
    '`',
    '`$',
    '}',
    '{',
    '(',
    ')',
    '[',
    ']',
    '/*',
    '*/',
    ' /* ',
    '//',
    '\n',
    ' ',
    'a',
    '.',
    '+ 1',
    '- ',
    'new Agent(',
    'async ',
    'await ',
    'run(',
    ', ',
    ';',
    '=> ',
    '? : ',
    '<T>',
    '__gateway__',
    '=',
    'export ',
    'class ',
    'if (a) ',
    'constructor',
    '\\',
  ],
  // The parser of the language goes down as deep as brackets do: beyond some thousand its process ends.
  100,
);

/** Statements one after the other, as many as a bundle has. */
const wide = fc
  .tuple(
    fc.array(
      fc.constantFrom(
        'const a = 1;\n',
        'missing;\n',
        "run(agent, 'x');\n",
        'function f() { return new Agent({ name: "a" }); }\n',
        "import 'a';\n",
        "export * from './b.ts';\n",
        '/* c */ // d\n',
        'a + 1 + b;\n',
        '"use strict";\n',
        'x.run(y, { context });\n',
      ),
      { minLength: 1, maxLength: 3 },
    ),
    fc.constantFrom(100, 5000),
  )
  .map(([unit, times]) => Buffer.from(unit.join('').repeat(times)));

export const script = fc.oneof({ weight: 5, arbitrary: nested }, { weight: 1, arbitrary: wide });

export const tsconfig = textOf(
  [
    '{ // c\n "extends": "./x", "compilerOptions": { "paths": { "@/*": ["./*"] }, "baseUrl": ".", "jsx": "react", "target": "es5" }, }',
  ],
  [
    '{',
    '}',
    '/*',
    '*/',
    ' /* ',
    '//',
    ',',
    ' ',
    '"',
    '\\',
    '\n',
    '"extends": "./tsconfig.json",',
    '"paths": {"__proto__": 1},',
    '[',
    ']',
  ],
);
