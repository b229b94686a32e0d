import { globSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

/** The folder of the workspace, absolute. */
export const workspaceRoot = dirname(import.meta.dirname);

/** A file of our own: path below the workspace with `/`, and its text. */
export type SourceFile = { readonly path: string; readonly text: string };

/** Written by `scripts/generate-docs.ts`. */
const generated: ReadonlySet<string> = new Set(['packages/console/src/api/schema.ts']);

/** What the product is made of: everything below `packages/<name>/src` but tests and fixtures. */
export function productFiles(): readonly SourceFile[] {
  return read(['packages/*/src/**/*.{ts,tsx}', 'packages/console/*.ts']).filter(
    (file) => !isTest(file) && !generated.has(file.path),
  );
}

/** The part of the product that is written in Python. */
export function pythonFiles(): readonly SourceFile[] {
  return read(['packages/*/python/**/*.py']);
}

/** What keeps the product honest: tests beside their file, the test folders and their fixtures. */
export function testFiles(): readonly SourceFile[] {
  const besideSource = read(['packages/*/src/**/*.ts']).filter(isTest);
  return [...besideSource, ...read(['packages/*/test/**/*.ts'])];
}

/** What builds, checks and measures the product, tests left out. */
export function toolFiles(): readonly SourceFile[] {
  return read(['scripts/**/*.ts', 'bench/**/*.ts', '*.ts']).filter((file) => !isTest(file));
}

/** Lines of a text; a line end at its very end begins no line. */
export function lineCount(text: string): number {
  return text.split('\n').length - (text.endsWith('\n') ? 1 : 0);
}

function isTest(file: SourceFile): boolean {
  return /\.test\.ts$|\/fixtures\//.test(file.path);
}

function read(patterns: readonly string[]): SourceFile[] {
  return globSync(patterns, { cwd: workspaceRoot, exclude: ['**/node_modules', '**/dist'] })
    .toSorted()
    .map((path) => ({
      path: path.replaceAll('\\', '/'),
      text: readFileSync(join(workspaceRoot, path), 'utf8'),
    }));
}
