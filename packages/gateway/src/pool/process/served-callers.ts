import type { RunCaller } from '../../protocol/policy.ts';

/** For whom a worker has had runs, without their requests. */
export type ServedCallers = {
  readonly add: (caller: RunCaller) => void;
  readonly all: () => readonly RunCaller[];
};

/** Users of keys that are remembered; who was served longest ago makes room. */
const MAX_USERS = 1000;

/** Remembers each key, and of those that forward them the users. */
export function createServedCallers(): ServedCallers {
  const keys = new Map<string, RunCaller>();
  const users = new Map<string, RunCaller>();
  return {
    add({ key }) {
      const caller = { key, request: {} };
      if (!key.user) {
        keys.set(key.id, caller);
        return;
      }
      const id = `${key.id} ${key.user.principal}`;
      users.delete(id);
      users.set(id, caller);
      const [oldest] = users.keys();
      if (users.size > MAX_USERS && oldest !== undefined) users.delete(oldest);
    },
    all: () => [...keys.values(), ...users.values()],
  };
}
