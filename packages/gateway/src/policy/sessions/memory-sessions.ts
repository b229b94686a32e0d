import type { SessionRecord, SessionStore } from '../../protocol/console/session-store.ts';

/** Most that are kept; the oldest make room. */
const mostKept = 100;

/** Keeps what ends with this process. */
export function createMemorySessions(): SessionStore {
  const records = new Map<string, SessionRecord>();
  const take = async (hash: string) => {
    const record = records.get(hash) ?? null;
    records.delete(hash);
    return record;
  };
  return {
    async insert(record) {
      records.set(record.hash, record);
      const [oldest] = records.keys();
      if (records.size > mostKept && oldest !== undefined) records.delete(oldest);
    },
    find: async (hash) => records.get(hash) ?? null,
    take,
    async touch(hash, lastUsedAtSeconds) {
      const record = records.get(hash);
      if (record) records.set(hash, { ...record, lastUsedAtSeconds });
    },
    async prune({ endedBySeconds, unusedSinceSeconds }) {
      for (const { hash, kind, endsAtSeconds, lastUsedAtSeconds } of [...records.values()]) {
        const isUnused = kind === 'session' && lastUsedAtSeconds <= unusedSinceSeconds;
        if (endsAtSeconds <= endedBySeconds || isUnused) await take(hash);
      }
    },
  };
}
