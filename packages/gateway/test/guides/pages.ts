import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { packageRoot } from '../acceptance/harness.ts';

/** The folder of the workspace, absolute. */
export const workspaceRoot = join(packageRoot, '../..');

/** A fenced block of a page. */
export type Block = {
  /** Of its page, below the workspace. */
  readonly page: string;
  /** Of the line after its fence; counts from 1. */
  readonly line: number;
  readonly language: string;
  /** The file that it is: behind the language (`json package.json`), or in its first line as a comment. */
  readonly file: string | null;
  readonly text: string;
};

/** README and the guides: the pages whose blocks are run, in the order in which they are followed. */
export function guidePages(): readonly string[] {
  return ['README.md', ...globSync('docs/guides/*.md', { cwd: workspaceRoot }).toSorted()];
}

/** Every page that people read: paths below the workspace. */
export function allPages(): readonly string[] {
  const patterns = ['*.md', 'docs/**/*.md', 'bench/**/*.md', 'deploy/**/*.md', 'packages/*/*.md'];
  const exclude = ['**/node_modules/**', '**/dist/**', 'docs/sample/**'];
  return globSync(patterns, { cwd: workspaceRoot, exclude }).toSorted();
}

/** Text of a page, by its path below the workspace. */
export function textOf(page: string): string {
  return readFileSync(join(workspaceRoot, page), 'utf8');
}

/** The fenced blocks of a page, in order. */
export function blocksOf(page: string): readonly Block[] {
  const text = textOf(page);
  const fences = text.matchAll(/^```(\w+)(?: (\S+))?\n(.*?)^```$/gms);
  return [...fences].map(({ index, 1: language = '', 2: named, 3: body = '' }) => ({
    page,
    line: text.slice(0, index).split('\n').length + 1,
    language,
    file: named ?? fileInComment(body),
    text: body,
  }));
}

/** `// src/agents/Greeter/agent.ts` and `# gateway.yaml` name a file; a sentence does not. */
function fileInComment(body: string): string | null {
  return /^(?:\/\/|#) (\.?[\w./-]+\.\w+)$/m.exec(body.split('\n', 1)[0] ?? '')?.[1] ?? null;
}

/** What the comments behind commands say that they print: `# → 404`. */
export function promised(script: string): string[] {
  return [...script.matchAll(/# → (.+)$/gm)].map(([, text = '']) => text.trim());
}

/** Those texts that a transcript has, each behind the one before. */
export function inOrder(transcript: string, texts: readonly string[]): string[] {
  let at = 0;
  return texts.filter((text) => {
    const found = transcript.indexOf(text, at);
    if (found >= 0) at = found + text.length;
    return found >= 0;
  });
}
