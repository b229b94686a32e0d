import type { Emit, EventOf, GatewayEvent } from '../../events.ts';
import {
  dayOf,
  noCounts,
  type UsageCounts,
  type UsagePlace,
  type UsageRecord,
  type UsageStore,
  usageCountNames,
} from '../../protocol/usage/usage.ts';
import { createBoundedSeries } from '../metrics/bounded-series.ts';
import { createPatientWriter } from '../patient-writer.ts';
import { createRetention } from '../retention.ts';

export type UsageLedgerDeps = {
  readonly store: Pick<UsageStore, 'add' | 'prune'>;
  /** How long it is kept; asked each time it is looked at. */
  readonly keepDays: () => number;
  /** Takes an agent's secrets out of the names that its module and its callers chose. */
  readonly redact: (agentId: string) => (text: string) => string;
  readonly nowMs: () => number;
  readonly emit: Emit;
};

/** Adds what is used to the store, within 50 ms. */
export type UsageLedger = {
  readonly listener: (event: GatewayEvent) => void;
  /** Writes what is not written yet. Never throws. */
  readonly flush: () => Promise<void>;
  /** The same, and ends the looking for what is too old; what cannot be written now never will be. */
  readonly close: () => Promise<void>;
};

/**
 * Places of a day. Models and users call themselves as they like: those that come when there are so many, of all or a tenth
 * of them of one key, are counted together as `other`.
 */
const MAX_PLACES = 20_000;

/** Rows of one transaction. */
const BATCH_ROWS = 256;

/** How often what is too old is looked for. */
const PRUNE_INTERVAL_MS = 600_000;

const placeNames = ['keyId', 'agentId', 'model', 'upstream', 'user'] as const;

type Counter = { readonly place: UsagePlace; counts: Record<keyof UsageCounts, number> };

/** Nothing is written or looked for before the first run or model call. */
export function createUsageLedger(deps: UsageLedgerDeps): UsageLedger {
  const { store, emit, nowMs } = deps;
  const counters = createCounters(deps);
  const retention = createRetention({
    what: 'usage',
    everyMs: PRUNE_INTERVAL_MS,
    nowMs,
    keepDays: deps.keepDays,
    prune: (beforeMs) => store.prune(dayOf(beforeMs)),
    emit,
  });
  let waiting: UsageRecord[] = [];
  const writer = createPatientWriter({
    async write() {
      // While the store is away, what is counted adds up in its place: no more waits, however long that lasts.
      for (;;) {
        if (waiting.length === 0) waiting = counters.take();
        if (waiting.length === 0) return;
        await store.add(waiting.slice(0, BATCH_ROWS));
        waiting = waiting.slice(BATCH_ROWS);
      }
    },
    onFault: (error) => emit({ type: 'fault_survived', where: 'usage', error }),
  });
  return {
    listener(event) {
      if (event.type === 'run_started') counters.count(placeOfRun(event), { runs: 1 });
      else if (event.type === 'model_called') counters.count(placeOfCall(event), countsOf(event));
      else return;
      writer.soon();
      retention.begin();
    },
    flush: writer.flush,
    async close() {
      retention.end();
      await writer.close();
    },
  };
}

const DAY_MS = 86_400_000;

type Labels = Record<(typeof placeNames)[number], string>;

/** What is counted and not taken yet, by place. Those of a day that is over are forgotten once they are taken. */
function createCounters({ nowMs, redact }: Pick<UsageLedgerDeps, 'nowMs' | 'redact'>) {
  let day = '';
  let untilMs = 0;
  let find = seriesOf(day);
  const changed = new Set<Counter>();

  function seriesOf(ofDay: string): (labels: Labels) => Counter {
    return createBoundedSeries<Counter>({
      names: placeNames,
      free: ['model', 'user'],
      owner: 'keyId',
      limit: MAX_PLACES,
      create(labels) {
        const { agentId = '', keyId = '', upstream = '', model = '', user = '' } = labels;
        const hide = redact(agentId);
        const names = { model: hide(model), user: hide(user) };
        return { place: { day: ofDay, keyId, agentId, upstream, ...names }, counts: noCounts() };
      },
    });
  }
  return {
    count(labels: Labels, counts: Partial<UsageCounts>) {
      const atMs = nowMs();
      if (atMs >= untilMs || atMs < untilMs - DAY_MS) {
        day = dayOf(atMs);
        untilMs = (Math.floor(atMs / DAY_MS) + 1) * DAY_MS;
        find = seriesOf(day);
      }
      const counter = find(labels);
      for (const name of usageCountNames) counter.counts[name] += counts[name] ?? 0;
      changed.add(counter);
    },
    take(): UsageRecord[] {
      const taken = [...changed].map(({ place, counts }) => ({ ...place, ...counts }));
      for (const counter of changed) counter.counts = noCounts();
      changed.clear();
      return taken;
    },
  };
}

function placeOfRun({ keyId, agentId, user }: EventOf<'run_started'>): Labels {
  return { keyId, agentId, model: '', upstream: '', user: user ?? '' };
}

function placeOfCall({ keyId, agentId, model, upstream, user }: EventOf<'model_called'>): Labels {
  return { keyId: keyId ?? '', agentId, model: model ?? '', upstream, user: user ?? '' };
}

function countsOf({ outcome, usage, costNanoUsd }: EventOf<'model_called'>): Partial<UsageCounts> {
  return {
    modelCalls: 1,
    failedCalls: outcome === 'failed' ? 1 : 0,
    abortedCalls: outcome === 'aborted' ? 1 : 0,
    inputTokens: usage?.inputTokens ?? 0,
    outputTokens: usage?.outputTokens ?? 0,
    cachedInputTokens: usage?.cachedInputTokens ?? 0,
    reasoningTokens: usage?.reasoningTokens ?? 0,
    costNanoUsd: costNanoUsd ?? 0,
    unpricedCalls: costNanoUsd === null ? 1 : 0,
  };
}
