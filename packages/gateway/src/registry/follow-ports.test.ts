import { expect, test } from 'vitest';
import type { Finding } from '../protocol/diagnostics.ts';
import type { CatalogEntry } from './catalog.ts';
import { createFollowPorts } from './follow-ports.ts';

const held: Finding = {
  stage: 'load',
  code: 'port_held',
  severity: 'error',
  message: 'EADDRINUSE: address already in use',
};

/** A listener over one agent, whose clock is turned by hand. */
function scene(changes: Partial<CatalogEntry> = {}) {
  const state = { isIdle: false, entry: { findings: [held], ...changes } };
  const pauses: number[] = [];
  const due: (() => void)[] = [];
  const retried: unknown[] = [];
  const module = { agentId: 'default/a' };
  const listener = createFollowPorts({
    catalog: {
      get: () =>
        ({ module, served: { generation: 3, pinned: null }, ...state.entry }) as CatalogEntry,
    },
    isIdle: (agentId, generation) => state.isIdle && `${agentId}#${generation}` === 'default/a#3',
    retry: (module) => void retried.push(module),
    later(callback, afterMs) {
      pauses.push(afterMs);
      due.push(callback);
    },
  });
  const report = (findings: readonly Finding[]) =>
    listener({
      type: 'findings_reported',
      agentId: 'default/a',
      modulePath: 'src/agents/A/agent.ts',
      servingGeneration: 3,
      findings,
    });
  return {
    state,
    report,
    pauses,
    retried,
    turn: () => due.splice(0).forEach((each) => void each()),
  };
}

test('a version whose port is held is tried again once nothing runs in the one that holds it', () => {
  const { state, report, retried, turn } = scene();
  report([held]);
  report([held]);
  turn();
  expect(retried).toEqual([]);
  state.isIdle = true;
  turn();
  expect(retried).toEqual([{ agentId: 'default/a' }]);
  turn();
  expect(retried).toHaveLength(1);
});

test('tries that find it held again get rarer, until it was free once', () => {
  const { state, report, pauses, turn } = scene();
  state.isIdle = true;
  for (let round = 0; round < 7; round++) {
    report([held]);
    turn();
  }
  report([]);
  report([held]);
  expect(pauses).toEqual([1000, 2000, 4000, 8000, 16_000, 30_000, 30_000, 1000]);
});

test.each<[string, Partial<CatalogEntry>]>([
  ['is mended', { findings: [] }],
  ['had its port freed', { findings: [{ ...held, severity: 'warning' }] }],
  ['is pinned', { served: { generation: 3, pinned: {} } as never }],
])('a version that meanwhile %s is left alone', (_what, changes) => {
  const { state, report, retried, turn } = scene(changes);
  state.isIdle = true;
  report([held]);
  turn();
  expect(retried).toEqual([]);
});
