import { closedOutside } from '../around/closed-outside.ts';
import type { SdkCopy } from '../loaded-module.ts';
import { runScope } from '../run/run-scope.ts';
import { fieldsOf, type SdkRun, type SdkRunner } from '../sdk.ts';

/** A model was asked while the module was loaded. Its stack says by which line. */
export class RefusedAtLoad extends Error {
  override readonly name = 'RefusedAtLoad';

  constructor() {
    super('Refused: a file asks no model on its own while, or after, it is loaded.');
  }
}

/** What this process does with model calls while its module is loaded. */
export type CallsAtLoad = {
  /** Refuses from now on, unless `isPermitted`; `onRefused` is told of each call. */
  readonly begin: (load: {
    readonly isPermitted: () => boolean;
    readonly onRefused: (refused: RefusedAtLoad) => void;
    /** True for a run that is neither made nor refused: it is left waiting for good. */
    readonly holds: (refused: RefusedAtLoad, agent: unknown) => boolean;
    /** True for a call that the module's own script makes after the load, which is refused too. */
    readonly isLate: (call: Error) => boolean;
    /** Told of such a call. */
    readonly onLate: (refused: RefusedAtLoad) => void;
  }) => void;
  /** Makes the runs of an SDK copy follow. */
  readonly guard: (sdk: SdkCopy) => void;
  /** The `fetch` that refuses model calls to the broker. */
  readonly guardFetch: (original: typeof fetch, brokerBaseUrl: string) => typeof fetch;
  /** Whether calls pass as if nothing had been in their way. */
  readonly isOver: () => boolean;
  /**
   * The load is over: every call passes, as if nothing had been in its way.
   *
   * @param mayComeLate - True for a module whose script may still ask.
   */
  readonly end: (mayComeLate: boolean) => void;
};

/** One a process, as a process loads one module: the facade of the SDK that the module imports knows nothing else. */
export const callsAtLoad: CallsAtLoad = createCallsAtLoad();

function createCallsAtLoad(): CallsAtLoad {
  type Load = Parameters<CallsAtLoad['begin']>[0];
  let load: Load | null = null;
  let ended: Load | null = null;
  const restore = new Map<object, () => void>();
  const refuse = (): RefusedAtLoad | null => {
    if (!load || load.isPermitted()) return null;
    const refused = new RefusedAtLoad();
    load.onRefused(refused);
    return refused;
  };
  const isHeld = (agent: unknown) =>
    load !== null && !load.isPermitted() && load.holds(new RefusedAtLoad(), agent);
  const refuseLate = (): RefusedAtLoad | null => {
    if (!ended || runScope.getStore()) return null;
    const refused = new RefusedAtLoad();
    if (!ended.isLate(refused)) return null;
    ended.onLate(refused);
    return refused;
  };
  return {
    begin(begun) {
      load = begun;
    },
    guard(sdk) {
      closedOutside.guard(sdk);
      const prototype = fieldsOf(fieldsOf(sdk.Runner).prototype) as { run?: unknown };
      const original = prototype.run;
      if (!load || typeof original !== 'function' || restore.has(prototype)) return;
      const run = function run(this: SdkRunner, ...args: Parameters<SdkRun>) {
        if (isHeld(args[0])) return new Promise(() => undefined);
        const refused = refuse() ?? refuseLate();
        return refused ? Promise.reject(refused) : Reflect.apply(original, this, args);
      };
      prototype.run = run;
      restore.set(prototype, () => {
        if (prototype.run === run) prototype.run = original;
      });
    },
    guardFetch: (original, brokerBaseUrl) => (input, init) => {
      const url = typeof input === 'string' ? input : 'href' in input ? input.href : input.url;
      const isModelCall = load && url.startsWith(brokerBaseUrl) && modelCall.test(url);
      const refused = isModelCall ? refuse() : null;
      return refused ? Promise.resolve(refusal(refused)) : original(input, init);
    },
    isOver: () => load === null,
    end(mayComeLate) {
      ended = mayComeLate && !load?.isPermitted() ? load : null;
      load = null;
      if (ended) return;
      for (const undo of restore.values()) undo();
      restore.clear();
    },
  };
}

const modelCall = /\/(chat\/completions|responses)(\?|$)/;

/** As an answer that no client asks for again. */
function refusal({ message }: RefusedAtLoad): Response {
  const error = { message, type: 'invalid_request_error', code: 'call_at_load', param: null };
  const headers = { 'x-should-retry': 'false' };
  return Response.json({ error }, { status: 403, headers });
}
