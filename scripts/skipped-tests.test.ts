import { expect, test } from 'vitest';
import { type Skips, skipFaults } from './skipped-tests.ts';

const list: Skips = {
  machines: { root: 'root', python: 'a Python' },
  skips: [
    { title: 'workers > as another user', machine: 'root', reason: 'Only root may.' },
    { title: 'agents in Python', machine: 'python', reason: 'They need one.' },
  ],
};

function report(...tests: readonly [status: string, ...titles: string[]][]): string {
  const assertionResults = tests.map(([status, ...titles]) => ({
    status,
    ancestorTitles: titles.slice(0, -1),
    title: titles.at(-1),
  }));
  return JSON.stringify({ testResults: [{ assertionResults }] });
}

test('a test that is left out has to be in the list', () => {
  const ran = report(['passed', 'one'], ['skipped', 'workers', 'as another user run']);
  expect(skipFaults(ran, list, [])).toEqual([]);
  const others = report(['skipped', 'workers', 'at night'], ['todo', 'one day'], ['pending', 'x']);
  expect(skipFaults(others, list, [])).toEqual([
    'Left out, and not in the list of skips: workers > at night',
    'Left out, and not in the list of skips: one day',
    'Left out, and not in the list of skips: x',
  ]);
});

test('a machine that has what a test needs may not leave it out', () => {
  const ran = report(
    ['skipped', 'agents in Python', 'answer'],
    ['skipped', 'workers', 'as another user'],
  );
  expect(skipFaults(ran, list, ['python'])).toEqual([
    'Left out, though this machine is one for it (python): agents in Python > answer',
  ]);
});

test('a machine that nobody knows is a mistake', () => {
  expect(skipFaults(report(['passed', 'one']), list, ['pyhton'])).toEqual([
    'There is no machine "pyhton" in the list of skips.',
  ]);
});
