import { describe, expect, test } from 'vitest';
import type { GatewayEvent } from '../events.ts';
import type { Diagnostic } from '../protocol/diagnostics.ts';
import { createDiagnosticList } from './diagnostic-list.ts';
import { createPersistDiagnostics } from './persist-diagnostics.ts';

function reported(codes: string[], modulePath = 'agents/A/agent.ts'): GatewayEvent {
  return {
    type: 'findings_reported',
    agentId: 'default/a',
    modulePath,
    findings: codes.map((code) => ({ stage: 'load', code, severity: 'error', message: code })),
    servingGeneration: null,
  };
}

function life(stored: Map<string, Diagnostic>, options: { storeFails?: boolean } = {}) {
  const events: GatewayEvent[] = [];
  const recent = createDiagnosticList(() => '2026-01-01T00:00:00.000Z');
  const changes: { put: number; remove: number }[] = [];
  const fail = async () => {
    throw new Error('The disk is full.');
  };
  const keeper = createPersistDiagnostics({
    list: recent,
    store: options.storeFails
      ? { list: fail, change: fail }
      : {
          list: async () => [...stored.values()],
          async change({ put, remove }) {
            changes.push({ put: put.length, remove: remove.length });
            for (const id of remove) stored.delete(id);
            for (const each of put) stored.set(each.id, each);
          },
        },
    emit: (event) => events.push(event),
  });
  const happen = (event: GatewayEvent) => {
    recent.listener(event);
    keeper.listener(event);
  };
  const codes = () => recent.query({}).errors.map(({ code }) => code);
  return { keeper, happen, codes, changes, events };
}

describe('diagnostics over a restart', () => {
  test('are there again, and counted on', async () => {
    const stored = new Map<string, Diagnostic>();
    const first = life(stored);
    first.happen(reported(['syntax_error']));
    await first.keeper.flush();
    const second = life(stored);
    await second.keeper.restore();
    expect(second.codes()).toEqual(['syntax_error']);
    second.happen(reported(['syntax_error']));
    await second.keeper.flush();
    expect([...stored.values()]).toMatchObject([{ code: 'syntax_error', count: 2 }]);
  });

  test('are gone where they were mended', async () => {
    const stored = new Map<string, Diagnostic>();
    const first = life(stored);
    first.happen(reported(['one', 'two']));
    await first.keeper.flush();
    first.happen(reported(['two']));
    await first.keeper.flush();
    expect([...stored.values()].map(({ code }) => code)).toEqual(['two']);
  });

  test('are written only where something changed', async () => {
    const { keeper, happen, changes } = life(new Map());
    happen(reported(['one']));
    happen(reported(['two'], 'agents/B/agent.ts'));
    await keeper.flush();
    await keeper.flush();
    expect(changes).toEqual([{ put: 2, remove: 0 }]);
  });

  test('do without a store that fails, and say so', async () => {
    const { keeper, happen, codes, events } = life(new Map(), { storeFails: true });
    await keeper.restore();
    happen(reported(['one']));
    await keeper.flush();
    expect(codes()).toEqual(['one']);
    expect(events).toMatchObject([{ where: 'store' }, { where: 'store' }]);
  });
});
