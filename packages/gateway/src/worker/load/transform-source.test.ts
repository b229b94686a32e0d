import { describe, expect, test } from 'vitest';
import { findSyntaxError, SourceSyntaxError, transformSource } from './transform-source.ts';
import type { TsSettings } from './tsconfig.ts';

const plain: TsSettings = {
  paths: [],
  baseUrl: null,
  legacyDecorators: false,
  decoratorMetadata: false,
  assignedFields: false,
  jsx: { runtime: 'automatic' },
};

/** The code without its source map. */
function transformed(path: string, source: string, settings: Partial<TsSettings> = {}): string {
  const { code } = transformSource(path, source, { ...plain, ...settings });
  return code.slice(0, code.lastIndexOf('//# sourceMappingURL='));
}

describe('TypeScript', () => {
  test('loses its types, also those imported as values', () => {
    const source = `import { Agent, AgentInputItem } from 'sdk';\nexport const items: AgentInputItem[] = [new Agent() as any];\n`;
    const code = transformed('/a/agent.ts', source);
    expect(code).toContain('import { Agent } from "sdk"');
    expect(code).not.toContain('AgentInputItem');
  });

  test('is an ES module with its source map', () => {
    const { code, format } = transformSource('/a/agent.ts', 'export const a: number = 1;', plain);
    expect(format).toBe('module');
    const map = code.slice(code.lastIndexOf('base64,') + 'base64,'.length);
    expect(JSON.parse(Buffer.from(map, 'base64').toString())).toMatchObject({
      version: 3,
      sources: ['/a/agent.ts'],
    });
  });

  test.each([
    ['export assignment', '/a/agent.ts', 'export = { a: 1 };'],
    ['module.exports', '/a/agent.ts', 'const a: number = 1; module.exports = { a };'],
    ['its ending', '/a/agent.cts', 'const a: number = 1; console.log(a);'],
  ])('is CommonJS where it is written so: %s', (_what, path, source) => {
    expect(transformSource(path, source, plain).format).toBe('commonjs');
  });

  test('is an ES module in a .cts file that uses import', () => {
    const source = `import a from 'a';\nexport default a;`;
    expect(transformSource('/a/agent.cts', source, plain).format).toBe('module');
  });

  test('has its line and a frame where it does not parse', () => {
    const attempt = () => transformSource('/a/agent.ts', 'const a = {\n  b: 1\n  c: 2\n};', plain);
    expect(attempt).toThrow(SourceSyntaxError);
    expect(attempt).toThrow(expect.objectContaining({ file: '/a/agent.ts', line: 3, column: 3 }));
  });
});

describe('names of CommonJS in an ES module', () => {
  test('are declared where they are used, in front of the first line', () => {
    const code = transformed(
      '/a/agent.ts',
      `export const a = require('x');\nexport const b = __dirname;\n`,
    );
    expect(code.split('\n')[0]).toMatch(
      /^const __dirname = import\.meta\.dirname; import .* const require = .*export const a = require/,
    );
  });

  test.each([
    [
      `import { createRequire } from 'node:module';\nconst require = createRequire(import.meta.url);\nexport const a = require('x');`,
    ],
    [`export const a = loader.require('x');`],
    [`export const a = 'require';`],
  ])('are left alone in %s', (source) => {
    expect(transformed('/a/agent.ts', source)).not.toContain('__createRequire');
  });
});

describe('settings of a tsconfig', () => {
  test('make old decorators calls of helpers', () => {
    const source = `function d() {}\nexport class A { @d m() {} }`;
    expect(transformed('/a/agent.ts', source)).toContain('@d');
    const code = transformed('/a/agent.ts', source, { legacyDecorators: true });
    expect(code).toContain('@oxc-project/runtime/helpers/decorate');
    expect(code).not.toContain('@d');
  });

  test('assign class fields and drop those without a value', () => {
    const source = 'export class A { a = 1; b?: number; }';
    const code = transformed('/a/agent.ts', source, { assignedFields: true });
    expect(code).toContain('this.a = 1');
    expect(code).not.toMatch(/\bb\b/);
  });

  test('choose who makes JSX', () => {
    const source = 'export const a = <b />;';
    expect(transformed('/a/a.tsx', source)).toContain('react/jsx-runtime');
    const ours = { runtime: 'automatic', importSource: 'preact' } as const;
    expect(transformed('/a/a.tsx', source, { jsx: ours })).toContain('preact/jsx-runtime');
    const classic = { runtime: 'classic', pragma: 'h' } as const;
    expect(transformed('/a/a.tsx', source, { jsx: classic })).toContain('h("b"');
  });
});

test('a script that is fine has no syntax error', () => {
  expect(findSyntaxError('/a/a.cjs', 'module.exports = 1;')).toBeNull();
  expect(findSyntaxError('/a/a.cjs', 'module.exports = ;')).toMatchObject({ line: 1, column: 18 });
});
