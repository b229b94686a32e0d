import { expect, test } from 'vitest';
import { findStubs } from './builder-stubs.ts';

const file = '/a/agent.ts';

test('an approval that approves everything is a warning at its line', () => {
  const text = `import x from 'x';\n\nconst approvalRequest = (message: string) => {\n\n  // TODO: Implement\n  return true;\n}\n`;
  expect(findStubs({ file, text })).toEqual([
    {
      stage: 'load',
      code: 'approval_stub',
      severity: 'warning',
      message: '`approvalRequest` approves everything: it is the stub that Agent Builder exports.',
      file,
      line: 3,
      column: 1,
      hint: 'Ask somebody there, or return false until it is written.',
    },
  ]);
});

test('a tool without a body is a warning at its line', () => {
  const text = `const a = tool({\n  execute: async (input: {city: string}) => {\n    // TODO: Unimplemented\n  },\n});\n`;
  expect(findStubs({ file, text })).toMatchObject([{ code: 'tool_stub', line: 2, column: 3 }]);
});

test('what is written is no stub', () => {
  const text = `const approvalRequest = (message: string) => {\n  return ask(message);\n}\nconst a = tool({\n  execute: async (input: {city: string}) => {\n    return look(input);\n  },\n});\n`;
  expect(findStubs({ file, text })).toEqual([]);
});
