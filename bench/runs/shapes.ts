import type { Shape } from '../contest.ts';

/** Many at once first: what comes after is measured on code that has run often. */
const shapes: readonly (Shape & { readonly inPython: number })[] = [
  { stream: false, concurrency: 16, count: 800, inPython: 128 },
  { stream: true, concurrency: 16, count: 600, inPython: 64 },
  { stream: false, concurrency: 64, count: 800, inPython: 128 },
  { stream: true, concurrency: 64, count: 600, inPython: 96 },
  { stream: false, concurrency: 1, count: 300, inPython: 30 },
  { stream: true, concurrency: 1, count: 250, inPython: 20 },
  { stream: true, concurrency: 1, count: 80, inPython: 20, pace: 'slowly' },
  { stream: true, concurrency: 16, count: 64, inPython: 32, pace: 'steadily' },
];

/** What is measured, with fewer requests in Python, where each takes many times as long. */
export function shapesOf(language: 'TypeScript' | 'Python'): readonly Shape[] {
  return shapes.map(({ inPython, ...shape }) =>
    language === 'Python' ? { ...shape, count: inPython } : shape,
  );
}
