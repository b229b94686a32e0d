import { lazy, Suspense } from 'react';

const Coloured = lazy(() => import('./coloured-code.tsx'));

const languages: Readonly<Record<string, 'typescript' | 'python' | 'json'>> = {
  ts: 'typescript',
  tsx: 'typescript',
  typescript: 'typescript',
  js: 'typescript',
  jsx: 'typescript',
  javascript: 'typescript',
  py: 'python',
  python: 'python',
  json: 'json',
};

/** Longer code has no colours. */
const longChars = 20_000;

/** Code with the colours of its language, where that is known; they come when they are needed. */
export function HighlightedCode({
  code,
  language,
}: {
  readonly code: string;
  readonly language: string;
}) {
  const known = languages[language.toLowerCase()];
  if (!known || code.length > longChars) return code;
  return (
    <Suspense fallback={code}>
      <Coloured code={code} language={known} />
    </Suspense>
  );
}
