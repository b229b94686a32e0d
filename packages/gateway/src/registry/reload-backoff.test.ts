import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { tempFolder } from '../../test/support/temp-folder.ts';
import { createReloadBackoff, lastChangeMs } from './reload-backoff.ts';

const module = {
  agentId: 'default/a',
  modulePath: 'agents/A/agent.ts',
  entry: '/p/agents/A/agent.ts',
  folder: '/p/agents/A',
  name: 'A',
  language: 'node' as const,
};
const changed = new Set(['/p/agents/A/memory.json']);
const loadMs = 500;

function scene() {
  const clock = { nowMs: 1000, changedAtMs: 1000 };
  const { begin, end } = createReloadBackoff({
    nowMs: () => clock.nowMs,
    changedAtMs: () => clock.changedAtMs,
  });
  /** Loads once, for a change so long after the last load ended, or before. */
  const loadFor = (afterEndMs: number, cause: 'asked' | ReadonlySet<string> = changed) => {
    clock.changedAtMs = clock.nowMs + afterEndMs;
    clock.nowMs += Math.max(0, afterEndMs) + 60;
    const { pauseMs, finding } = begin(module, cause);
    clock.nowMs += loadMs;
    end(module);
    return { pauseMs, code: finding?.code ?? null };
  };
  return { clock, begin, loadFor };
}

describe('loads of a module whose files change', () => {
  test('each time while it is loaded get pauses that grow, up to 5 s', () => {
    const { loadFor } = scene();
    const pauses = Array.from({ length: 12 }, () => loadFor(-100).pauseMs);
    expect(pauses).toEqual([0, 0, 0, 0, 250, 500, 1000, 2000, 4000, 5000, 5000, 5000]);
  });

  test('are told of with the file, from the first pause on', () => {
    const { begin, loadFor } = scene();
    for (let load = 0; load < 4; load += 1) expect(loadFor(-100).code).toBeNull();
    expect(begin(module, changed).finding).toMatchObject({
      code: 'reloads_without_end',
      severity: 'warning',
      file: '/p/agents/A/memory.json',
      hint: expect.stringContaining('let it write to one that it does not import'),
    });
  });

  test('so early that none of them ends get them too', () => {
    const { begin, clock } = scene();
    const pauses = Array.from({ length: 6 }, () => {
      clock.nowMs += 1000;
      clock.changedAtMs = clock.nowMs;
      return begin(module, changed).pauseMs;
    });
    expect(pauses).toEqual([0, 0, 0, 0, 250, 500]);
  });

  test('after each load, as when a person or a tool saves, get none', () => {
    const { loadFor } = scene();
    const pauses = Array.from({ length: 20 }, () => loadFor(5).pauseMs);
    expect(new Set(pauses)).toEqual(new Set([0]));
  });

  test('get none once somebody asks, and once they stood still', () => {
    const { loadFor } = scene();
    for (let load = 0; load < 6; load += 1) loadFor(-100);
    expect(loadFor(-100, 'asked')).toEqual({ pauseMs: 0, code: null });
    expect(loadFor(-100).pauseMs).toBe(0);
    for (let load = 0; load < 6; load += 1) loadFor(-100);
    expect(loadFor(1)).toEqual({ pauseMs: 0, code: null });
  });
});

test('tells when the last of some files changed, and of those that are gone nothing', async () => {
  const folder = await tempFolder({ 'a.ts': 'one' });
  const beforeMs = Date.now() - 1000;
  await writeFile(join(folder, 'a.ts'), 'two');
  const paths = new Set([join(folder, 'a.ts'), join(folder, 'gone.ts')]);
  expect(lastChangeMs(paths)).toBeGreaterThan(beforeMs);
  expect(lastChangeMs(new Set([join(folder, 'gone.ts')]))).toBe(Infinity);
});
