import { dirname, join, normalize } from 'node:path/posix';
import { parseSync } from 'oxc-parser';
import { describe, expect, test } from 'vitest';
import { importTable } from '../../../scripts/layers/import-table.ts';
import { productFiles } from '../../../scripts/source-files.ts';

/** One import of a file: what it names, whether nothing of it is left at run time, and whether it waits until then. */
type Import = {
  readonly from: string;
  readonly to: string;
  readonly isType: boolean;
  readonly isDynamic: boolean;
};

const sources = productFiles().filter((file) => file.path.startsWith('packages/gateway/src/'));
const paths = new Set(sources.map((file) => inSource(file.path)));
const imports = sources.flatMap(importsOf);

describe('who may import whom', () => {
  test.each(Object.entries(importTable))('%s keeps to its row of the table', (part, row) => {
    const allowed = [part, ...row.mayImport];
    const allowedTypes = [...allowed, ...(row.mayImportTypes ?? [])];
    const strays = imports
      .filter((one) => isIn(one.from, [part]) && isOwn(one.to))
      .filter((one) => !isIn(one.to, one.isType ? allowedTypes : allowed));
    expect(strays.map(asText)).toEqual([]);
  });

  test('has a row for every part of src/', () => {
    const parts = [...paths].map((path) => partOf(path));
    expect([...new Set(parts)].filter((part) => !(part in importTable))).toEqual([]);
  });
});

test('the gateway process never imports the Agents SDK', () => {
  const strays = imports.filter(
    (one) => /^@openai\/agents/.test(one.to) && !isIn(one.from, ['worker/']),
  );
  expect(strays.map(asText)).toEqual([]);
});

test('a worker says hello before it imports any package', () => {
  const reached = new Set(['worker/main.ts']);
  for (const file of reached) {
    const statics = imports.filter((one) => one.from === file && !one.isType && !one.isDynamic);
    for (const { to } of statics) if (!to.startsWith('node:')) reached.add(to);
  }
  expect([...reached].filter((target) => !isOwn(target))).toEqual([]);
});

test('every import of our own names a file that exists', () => {
  const missing = imports.filter((one) => isOwn(one.to) && !paths.has(one.to));
  expect(missing.map(asText)).toEqual([]);
});

test('no file imports itself over others, not even types', () => {
  const edges = new Map<string, string[]>();
  for (const { from, to } of imports) {
    if (isOwn(to)) edges.set(from, [...(edges.get(from) ?? []), to]);
  }
  expect(findCycle(edges)).toBeNull();
});

function importsOf(file: { path: string; text: string }): Import[] {
  const { module } = parseSync(file.path, file.text);
  const from = inSource(file.path);
  const statics = module.staticImports.map((one) => ({
    specifier: one.moduleRequest.value,
    // `import './x.ts'` has no entries and runs all the same.
    isType: one.entries.length > 0 && one.entries.every((entry) => entry.isType),
    isDynamic: false,
  }));
  const exported = module.staticExports.flatMap((one) =>
    one.entries.flatMap((entry) =>
      entry.moduleRequest
        ? [{ specifier: entry.moduleRequest.value, isType: entry.isType, isDynamic: false }]
        : [],
    ),
  );
  const dynamic = module.dynamicImports.flatMap(({ moduleRequest: { start, end } }) => {
    const literal = /^(['"`])([^'"`$]+)\1$/.exec(file.text.slice(start, end));
    return literal?.[2] ? [{ specifier: literal[2], isType: false, isDynamic: true }] : [];
  });
  return [...statics, ...exported, ...dynamic].map(({ specifier, ...rest }) => ({
    from,
    to: specifier.startsWith('.') ? normalize(join(dirname(from), specifier)) : specifier,
    ...rest,
  }));
}

/** A path below `packages/gateway/src`. */
function inSource(path: string): string {
  return path.slice('packages/gateway/src/'.length);
}

/** Ours are files (`pool/pool.ts`); packages and `node:` modules are not. */
function isOwn(target: string): boolean {
  return target.endsWith('.ts') && !target.startsWith('..');
}

function isIn(path: string, parts: readonly string[]): boolean {
  return parts.some((part) => (part.endsWith('/') ? path.startsWith(part) : path === part));
}

function partOf(path: string): string {
  const [part = path, ...below] = path.split('/');
  return below.length > 0 ? `${part}/` : part;
}

function asText(one: Import): string {
  return `${one.from} → ${one.to}`;
}

/** The files of one cycle in order, or null. */
function findCycle(edges: ReadonlyMap<string, readonly string[]>): string[] | null {
  const done = new Set<string>();
  const walk = (file: string, trail: readonly string[]): string[] | null => {
    const at = trail.indexOf(file);
    if (at >= 0) return [...trail.slice(at), file];
    if (done.has(file)) return null;
    for (const next of edges.get(file) ?? []) {
      const cycle = walk(next, [...trail, file]);
      if (cycle) return cycle;
    }
    done.add(file);
    return null;
  };
  for (const file of edges.keys()) {
    const cycle = walk(file, []);
    if (cycle) return cycle;
  }
  return null;
}
