import { describe, expect, test } from 'vitest';
import { measure } from './measure-code.ts';

const measureText = (text: string) => measure({ path: 'a.ts', text });

describe('functions', () => {
  test('are measured from their first line to their last, nested ones too', () => {
    const { functions } = measureText(
      'export function outer() {\n  const inner = () => {\n    return 1;\n  };\n  return inner;\n}\n',
    );
    expect(functions).toEqual([
      { place: 'a.ts:1', lines: 6 },
      { place: 'a.ts:2', lines: 3 },
    ]);
  });

  test('without a block do not count', () => {
    expect(measureText('export const twice = (n: number) => n * 2;\n').functions).toEqual([]);
  });

  test('of classes and objects count', () => {
    const { functions } = measureText('class A {\n  run() {\n    go();\n  }\n}\n');
    expect(functions).toEqual([{ place: 'a.ts:2', lines: 3 }]);
  });
});

describe('habits', () => {
  test('are found where code has them and not in text or comments', () => {
    const measured = measureText(
      [
        'const a: any = 1;',
        'const b = a!.length;',
        'const c = process.env.HOME;',
        "console.log('process.env', c);",
        '// console.log(process.env) as any',
        "vi.mock('./x.ts');",
      ].join('\n'),
    );
    expect(measured.anyTypes.map((one) => one.place)).toEqual(['a.ts:1']);
    expect(measured.nonNullAssertions.map((one) => one.place)).toEqual(['a.ts:2']);
    expect(measured.environmentReads.map((one) => one.place)).toEqual(['a.ts:3']);
    expect(measured.consoleCalls.map((one) => one.place)).toEqual(['a.ts:4']);
    expect(measured.moduleMocks.map((one) => one.place)).toEqual(['a.ts:6']);
  });
});

test('a literal that is spread where it is made is found, what is made of one is not', () => {
  const { freshSpreads } = measureText(
    [
      'const a = { ...{ b: 1 }, c: 2 };',
      'const d = [...[1, 2], 3];',
      'const e = { ...(a.c ? { b: 2 } : {}), ...a };',
      'const f = [...[3, 1].toSorted(), ...d];',
    ].join('\n'),
  );
  expect(freshSpreads.map((one) => one.place)).toEqual(['a.ts:1', 'a.ts:2']);
});

describe('state of a module', () => {
  const stateOf = (text: string) => measureText(text).mutableState.map((one) => one.what);

  test('is a let, an empty collection, or a collection that is changed', () => {
    expect(stateOf('export let count = 0;')).toEqual(['mutable count at module level']);
    expect(stateOf('const cache = new Map();')).toEqual(['mutable cache at module level']);
    expect(stateOf('const seen: string[] = [];')).toEqual(['mutable seen at module level']);
    expect(stateOf('const names = ["a"];\nfunction f() { names.push("b"); }')).toEqual([
      'mutable names at module level',
    ]);
  });

  test('is no table that only is read, nor anything inside a function', () => {
    expect(stateOf('export const table = { a: 1 } as const;')).toEqual([]);
    expect(stateOf('const allowed = new Set(["a"]);\nallowed.has("b");')).toEqual([]);
    expect(stateOf('export function make() { const all = []; all.push(1); return all; }')).toEqual(
      [],
    );
  });
});

test('counts no line after the last line end', () => {
  expect(measureText('const a = 1;\nconst b = 2;\n').lines).toBe(2);
});

test('names the file that cannot be parsed', () => {
  expect(() => measureText('const = ;')).toThrow(/^a\.ts: /);
});
