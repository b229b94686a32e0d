import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { packageRoot } from './harness.ts';

/** The text of a page in `docs/guides`. */
export function guide(name: string): string {
  return readFileSync(join(dirname(dirname(packageRoot)), 'docs/guides', name), 'utf8');
}

/** The fenced blocks of a language, in order. */
export function blocks(text: string, language: string): string[] {
  const fences = text.matchAll(new RegExp(`^\`\`\`${language}\\n(.*?)^\`\`\`$`, 'gms'));
  return [...fences].map(([, block = '']) => block);
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
