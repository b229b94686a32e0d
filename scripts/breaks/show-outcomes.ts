import { languageOf } from './break.ts';
import type { Outcome } from './try-break.ts';

/** One line for an outcome, as it is printed when it is known. */
export function outcomeLine({ tried, state, told, seconds }: Outcome): string {
  const sign = { noticed: '✓', survived: '✗', not_tried: '!' }[state];
  const head = `${sign} ${tried.id}  ${languageOf(tried)}, ${seconds} s`;
  const lines = [
    `${tried.file}: ${tried.what}`,
    state === 'noticed' ? `noticed by: ${told}` : `${state.replace('_', ' ')}: ${told}`,
  ];
  return [head, ...lines.map((line) => `    ${line.replaceAll('\n', '\n    ')}`)].join('\n');
}

/** How many of each capability were noticed. */
export function summary(outcomes: readonly Outcome[], seconds: number): string {
  const groups = Map.groupBy(outcomes, ({ tried }) => tried.capability);
  const lines = [...groups].map(([capability, all]) => {
    const noticed = all.filter(({ state }) => state === 'noticed').length;
    const inPython = all.filter(({ tried }) => languageOf(tried) === 'Python').length;
    return `${capability.padEnd(14)} ${String(noticed).padStart(2)} of ${String(all.length).padStart(2)} noticed (${inPython} in Python)`;
  });
  const count = (state: Outcome['state']) => outcomes.filter((one) => one.state === state).length;
  const total = `${count('noticed')} noticed, ${count('survived')} survived, ${count('not_tried')} not tried, in ${Math.round(seconds)} s`;
  return [...lines, total].join('\n');
}

/** The same for programs. */
export function toJson(outcomes: readonly Outcome[], seconds: number): string {
  const breaks = outcomes.map(({ tried, state, told, seconds }) => {
    const { id, capability, what, file, find, replace } = tried;
    const change = { what, file, find, replace };
    return { id, capability, language: languageOf(tried), ...change, state, told, seconds };
  });
  return JSON.stringify({ breaks, seconds: Math.round(seconds) }, null, 2);
}
