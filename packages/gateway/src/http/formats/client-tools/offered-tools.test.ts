import { describe, expect, test } from 'vitest';
import { toOfferedTools } from './offered-tools.ts';

const parameters = { type: 'object', properties: { n: { type: 'integer' } } };
const door = { name: 'open_door', description: 'Opens one.', parameters, strict: true };

describe('the tools of a chat request', () => {
  test('are functions with their schema as it is', () => {
    expect(chat([{ type: 'function', function: door }])).toEqual({
      clientTools: true,
      offeredTools: [door],
    });
  });

  test('need no description, schema or strictness', () => {
    expect(chat([{ type: 'function', function: { name: 'ring' } }]).offeredTools).toEqual([
      { name: 'ring', parameters: { type: 'object', properties: {} }, strict: false },
    ]);
  });

  test('that are no functions are left out, and functions of the older form', () => {
    const other = { type: 'custom', custom: { name: 'grep' } };
    expect(chat([other])).toEqual({ clientTools: true, leavesTools: true });
    expect(
      toOfferedTools({ tools: [], legacy: [door], toolChoice: null, below: 'function' }),
    ).toEqual({ clientTools: true, leavesTools: true });
  });

  test.each([
    ['auto', 'auto'],
    ['required', 'required'],
    [{ type: 'function', function: { name: 'open_door' } }, { name: 'open_door' }],
  ])('may have to be called: %j', (sent, choice) => {
    expect(chat([{ type: 'function', function: door }], sent).toolChoice).toEqual(choice);
  });

  test.each([
    [{ ...door, name: 'open door' }, 'tools[0].function.name', '1 to 64 letters'],
    [{ ...door, name: 'x'.repeat(65) }, 'tools[0].function.name', '1 to 64 letters'],
    [{}, 'tools[0].function.name', '1 to 64 letters'],
    [{ ...door, description: 7 }, 'tools[0].function.description', 'is a text'],
    [{ ...door, parameters: [] }, 'tools[0].function.parameters', 'JSON schema of an object'],
    [
      { ...door, parameters: { type: 'string' } },
      'tools[0].function.parameters',
      "type is 'object'",
    ],
    [{ ...door, parameters: nested(40) }, 'tools[0].function.parameters', 'at most 32 deep'],
    [
      { ...door, parameters: { type: 'object', title: 'x'.repeat(70_000) } },
      'tools[0].function.parameters',
      'at most 65536 bytes',
    ],
  ])('are told where one is none: %#', (sent, param, why) => {
    const { toolsProblem, offeredTools } = chat([{ type: 'function', function: sent }]);
    expect(offeredTools).toBeUndefined();
    expect(toolsProblem).toMatchObject({ param, message: expect.stringContaining(why) });
  });

  test('are told where one is there twice, or there are too many', () => {
    const twice = [door, door].map((one) => ({ type: 'function', function: one }));
    expect(chat(twice).toolsProblem).toMatchObject({ param: 'tools[1].function.name' });
    const many = Array.from({ length: 129 }, (_, index) => ({
      type: 'function',
      function: { name: `t${index}` },
    }));
    expect(chat(many).toolsProblem?.message).toContain('at most 128 functions');
  });

  test('are told where the one that has to be called is none of them', () => {
    const choice = { type: 'function', function: { name: 'close_door' } };
    expect(chat([{ type: 'function', function: door }], choice).toolsProblem).toEqual({
      param: 'tool_choice',
      message:
        "Invalid value for 'tool_choice': it names a function that is not among the tools of the request.",
    });
    expect(chat([{ type: 'function', function: door }], 'any').toolsProblem).toMatchObject({
      param: 'tool_choice',
    });
  });
});

test('the tools of a request for a response are functions themselves, and the label of this gateway is no tool', () => {
  const label = { type: 'mcp', server_label: 'dropgate', server_url: 'https://example.com' };
  const sent = { tools: [{ type: 'function', ...door }, label], below: '' } as const;
  const toolChoice = { type: 'function', name: 'open_door' };
  expect(toOfferedTools({ ...sent, toolChoice })).toEqual({
    clientTools: true,
    offeredTools: [door],
    toolChoice: { name: 'open_door' },
  });
  expect(toOfferedTools({ ...sent, tools: [label], toolChoice: null })).toEqual({
    clientTools: false,
  });
});

function chat(tools: readonly unknown[], toolChoice: unknown = null) {
  return toOfferedTools({ tools, toolChoice, below: 'function' });
}

function nested(levels: number): object {
  return levels === 0 ? {} : { type: 'object', properties: { inner: nested(levels - 1) } };
}
