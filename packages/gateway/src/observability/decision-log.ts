import { randomInt } from 'node:crypto';
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Emit, GatewayEvent } from '../events.ts';
import { isNotable } from '../protocol/notable-decisions.ts';
import type { DecisionRecord } from '../protocol/policy.ts';
import type { DecisionStore } from '../protocol/store.ts';
import { decisionDetail } from './decision-detail.ts';
import { createPatientWriter } from './patient-writer.ts';
import { createRetention } from './retention.ts';

export type DecisionLogDeps = {
  readonly store: Pick<DecisionStore, 'append' | 'prune'>;
  /** How much is kept; asked each time it is looked at. */
  readonly keep: () => { readonly keepDays: number; readonly keepCount: number };
  /** Takes secrets out of a text that a caller may have sent. */
  readonly redact: (text: string) => string;
  readonly nowMs: () => number;
  readonly emit: Emit;
};

/** The decision log: every decision of this gateway, in the store within 50 ms. */
export type DecisionLog = {
  readonly listener: (event: GatewayEvent) => void;
  /** Writes what is not written yet. Never throws. */
  readonly flush: () => Promise<void>;
  /** The same, and ends the looking for what is too old; what cannot be written now never will be. */
  readonly close: () => Promise<void>;
};

/** So many are written at once, without waiting for more. */
const BATCH_SIZE = 500;

/** So many wait at most while the store is away, and as many of the notable ones; later ones are not kept. */
const MAX_WAITING = 10_000;

/** How often what is too old or too much is looked for. */
const PRUNE_INTERVAL_MS = 300_000;

/** Nothing is written or looked for before the first decision. */
export function createDecisionLog(deps: DecisionLogDeps): DecisionLog {
  const newRecord = createRecorder(deps);
  const { store, keep, nowMs, emit } = deps;
  const retention = createRetention({
    what: 'the decision log',
    everyMs: PRUNE_INTERVAL_MS,
    nowMs,
    keepDays: () => keep().keepDays,
    prune: (beforeMs) =>
      store.prune({ beforeIso: new Date(beforeMs).toISOString(), keep: keep().keepCount }),
    emit,
  });
  const queue = createQueue(deps);
  return {
    listener(event) {
      const record = newRecord(event, nowMs());
      if (!record) return;
      queue.add(record);
      retention.begin();
    },
    flush: queue.flush,
    async close() {
      retention.end();
      await queue.close();
    },
  };
}

/** Records on their way to the store, the notable ones first. */
function createQueue({ store, emit }: DecisionLogDeps) {
  const notable = createLine();
  const others = createLine();
  const nextLine = () => (notable.records.length > 0 ? notable : others);
  let dropped = 0;
  const reportFault = (error: unknown) =>
    emit({ type: 'fault_survived', where: 'decision log', error });

  const reportDropped = () => {
    if (dropped === 0) return;
    reportFault(new Error(`${dropped} decisions were not kept: the store could not take them.`));
    dropped = 0;
  };
  const write = async () => {
    for (let line = nextLine(); line.records.length > 0; line = nextLine()) {
      const batch = line.records.slice(0, BATCH_SIZE);
      await store.append(batch);
      line.remove(0, batch.length);
      // A file takes a batch without ever giving way to other work.
      await nextTurn();
    }
    reportDropped();
  };
  const writer = createPatientWriter({ write, onFault: reportFault });

  return {
    flush: writer.flush,
    add(record: DecisionRecord) {
      const line = isNotable(record) ? notable : others;
      dropped += line.add(record);
      writer.soon();
      if (line.records.length === BATCH_SIZE && !writer.isStoreAway()) void writer.flush();
    },
    async close() {
      await writer.close();
      for (const line of [notable, others]) dropped += line.remove(0, line.records.length);
      reportDropped();
    },
  };
}

/** Decisions that wait to be written, no more than there is room for, which keys share. */
function createLine() {
  const records: DecisionRecord[] = [];
  const ofKey = new Map<string | null, number>();
  const count = ({ keyId }: DecisionRecord, change: number) => {
    const left = (ofKey.get(keyId) ?? 0) + change;
    if (left > 0) ofKey.set(keyId, left);
    else ofKey.delete(keyId);
  };
  const remove = (at: number, length: number) => {
    const removed = records.splice(at, length);
    for (const each of removed) count(each, -1);
    return removed.length;
  };
  /** Drops the latest one of the key that has most, for one of a key that has fewer. What may be written now stays. */
  const makeRoom = (keyId: string | null): boolean => {
    const own = ofKey.get(keyId) ?? 0;
    let fullest: readonly [string | null, number] = [keyId, own + 1];
    for (const each of ofKey) if (each[1] > fullest[1]) fullest = each;
    const at =
      fullest[0] === keyId ? -1 : records.findLastIndex((each) => each.keyId === fullest[0]);
    return at >= BATCH_SIZE && remove(at, 1) > 0;
  };
  return {
    records,
    remove,
    /** @returns How many were dropped for it, itself included. */
    add(record: DecisionRecord): 0 | 1 {
      const isFull = records.length >= MAX_WAITING;
      if (isFull && !makeRoom(record.keyId)) return 1;
      records.push(record);
      count(record, 1);
      return isFull ? 1 : 0;
    },
  };
}

/** Makes records of decisions; null for any other event. */
function createRecorder({ redact }: DecisionLogDeps) {
  const modulePaths = new Map<string, string>();
  const newId = createIds();
  return (event: GatewayEvent, nowMs: number): DecisionRecord | null => {
    if (event.type === 'agent_loaded') modulePaths.set(event.agentId, event.modulePath);
    if (event.type === 'agent_removed') modulePaths.delete(event.agentId);
    if (event.type !== 'access_decided') return null;
    const detail = decisionDetail(event);
    const { action, agentId } = detail;
    const resource = redact(detail.resource);
    const known = agentId === null ? undefined : modulePaths.get(agentId);
    return {
      ...detail,
      id: newId(nowMs),
      time: new Date(nowMs).toISOString(),
      resource,
      user: detail.user === null ? null : redact(detail.user),
      // What is loaded is ours; anything else is what was asked for.
      agentId: agentId === null || known !== undefined ? agentId : redact(agentId),
      modulePath: action === 'load_module' ? resource : (known ?? null),
    };
  };
}

/**
 * Ids in order of time: milliseconds, a number that grows, and one of this process. Digits alone, which every database
 * sorts the same whatever its language.
 */
function createIds(): (nowMs: number) => string {
  const own = digits(randomInt(1_000_000), 6);
  let lastMs = 0;
  let count = 0;
  return (nowMs) => {
    // A clock that goes back must not reorder what was decided.
    if (nowMs > lastMs) count = 0;
    lastMs = Math.max(lastMs, Math.floor(nowMs));
    return `dec_${digits(lastMs, 14)}${digits(count++, 6)}${own}`;
  };
}

function digits(number: number, length: number): string {
  return String(number).padStart(length, '0');
}
