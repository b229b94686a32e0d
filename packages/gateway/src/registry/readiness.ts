/** The loading that a start begins, and whether the gateway counts as ready. */
export type Readiness = {
  /** Resolves when the first load is over, or took so long that it is no longer waited for. */
  readonly done: Promise<void>;
  /** Resolves when the first load is over, however long it took. */
  readonly loaded: Promise<void>;
  readonly begin: (loading: Promise<unknown>) => void;
  readonly state: () => 'starting' | 'ready';
  /** This step of the start is done. */
  readonly passed: (step: StartStep) => void;
  /** Steps of the start that are not done; the first scan may be among them when it is no longer waited for. */
  readonly waitingFor: () => readonly StartStep[];
};

/** What a start goes through: keys and rules are read, workers can reach upstreams, agents were looked for and loaded. */
export type StartStep = 'store' | 'broker' | 'first_scan';

/** After this, a gateway with a module that still loads is ready all the same. */
const readyAfterMs = 10_000;

/** Not ready until `begin` was called and its loading is over, or 10 s have passed. */
export function createReadiness(): Readiness {
  const { promise: done, resolve } = Promise.withResolvers<void>();
  const loaded = Promise.withResolvers<void>();
  const waiting = new Set<StartStep>(['store', 'broker', 'first_scan']);
  let state: 'starting' | 'ready' = 'starting';
  const finish = () => {
    state = 'ready';
    resolve();
  };
  return {
    done,
    loaded: loaded.promise,
    state: () => state,
    passed: (step) => waiting.delete(step),
    waitingFor: () => [...waiting],
    begin(loading) {
      const timer = setTimeout(finish, readyAfterMs).unref();
      void loading
        .finally(() => clearTimeout(timer))
        .then(() => {
          waiting.delete('first_scan');
          finish();
          loaded.resolve();
        });
    },
  };
}
