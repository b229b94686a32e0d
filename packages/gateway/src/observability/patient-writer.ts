/** Things that wait are written together, at most this late. */
const WRITE_AFTER_MS = 50;

/** Pause before what the store did not take is written again. */
const RETRY_AFTER_MS = 1000;

/** Writes what waits to a store that may be away. */
export type PatientWriter = {
  /** Something waits: it is written within 50 ms, or when the store is there again. */
  readonly soon: () => void;
  /** Writes what waits now. Never throws. */
  readonly flush: () => Promise<void>;
  readonly isStoreAway: () => boolean;
  /** The same as `flush`; what the store does not take is not tried again. */
  readonly close: () => Promise<void>;
};

/**
 * @param options.write - Writes all that waits. Where it rejects it is called again, with what still waits then.
 * @param options.onFault - Told of the first failure of each outage: the next ones say nothing new.
 */
export function createPatientWriter(options: {
  readonly write: () => Promise<void>;
  readonly onFault: (error: unknown) => void;
}): PatientWriter {
  let isAway = false;
  let timer: NodeJS.Timeout | undefined;
  let writing: Promise<void> = Promise.resolve();

  const write = async () => {
    await options.write();
    isAway = false;
  };
  const later = (afterMs: number) => {
    timer ??= setTimeout(flush, afterMs).unref();
  };
  const flush = () => {
    clearTimeout(timer);
    timer = undefined;
    writing = writing.then(write).catch((error: unknown) => {
      if (!isAway) options.onFault(error);
      isAway = true;
      later(RETRY_AFTER_MS);
    });
    return writing;
  };

  return {
    soon: () => later(isAway ? RETRY_AFTER_MS : WRITE_AFTER_MS),
    flush,
    isStoreAway: () => isAway,
    async close() {
      await flush();
      clearTimeout(timer);
    },
  };
}
