import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { textOf, workspaceRoot } from './pages.ts';

const report = 'docs/plans/Gap_Analysis_Report.md';

test('the gap report tells of ten steps: the gap, our files, the proof, and what is open', () => {
  const steps = textOf(report).split(/^## /m).slice(1);
  expect(steps.map((step) => Number.parseInt(step, 10))).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
  for (const step of steps) {
    const parts = [...step.matchAll(/^- \*\*(.+?)\.\*\*/gm)].map(([, part]) => part);
    expect(parts, step.split('\n')[0]).toEqual(['The gap', 'Our files', 'Proof', 'Still open']);
    const [, proofs = ''] = /^- \*\*Proof\.\*\* (.+)$/m.exec(step) ?? [];
    expect(proofs.match(/`[^`]+\.test\.ts`/g)?.length, step.split('\n')[0]).toBeGreaterThan(0);
  }
});

test('the gap report names files and tests that there are', () => {
  const named = [...textOf(report).matchAll(/`([\w./-]+\/[\w./-]+\.\w+)`/g)].map(
    ([, f]) => f ?? '',
  );
  expect(named.length).toBeGreaterThan(40);
  const outside = /^(\.github|docs|scripts|deploy|bench)\//;
  const pathOf = (file: string) => (outside.test(file) ? file : join('packages/gateway', file));
  expect(named.filter((file) => !existsSync(join(workspaceRoot, pathOf(file))))).toEqual([]);
});
