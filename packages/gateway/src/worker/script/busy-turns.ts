/** What the thread that watches a load is at: it waits, asks where the load is, or is no longer wanted. */
export const turns = { waiting: 0, asking: 1, over: 2 } as const;

export type BusyThreadData = {
  readonly timeoutMs: number;
  /** One of `turns`, shared by both threads. */
  readonly turn: Int32Array<SharedArrayBuffer>;
};
