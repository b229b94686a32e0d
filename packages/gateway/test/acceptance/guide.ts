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
