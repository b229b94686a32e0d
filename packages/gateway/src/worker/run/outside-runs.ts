import type { ToolDecided, WorkerQuestion } from '../../protocol/worker/messages.ts';
import type { RunRequest } from '../loaded-module.ts';
import { type RunScope, runScope } from './run-scope.ts';

/** The way to the gateway where it cannot be told for which run something is done. */
export type GatewayLink = {
  /** Rejects where the gateway refuses, or says nothing in time. */
  readonly ask: (question: WorkerQuestion) => Promise<unknown>;
  readonly decided: (decided: Omit<ToolDecided, 'runId'>) => void;
};

/**
 * The runs of this process, for code that a queue, a timer or an emitter of the module's carries out of the scope of
 * its run. Like `runScope` there is one a process: guards that are put into the SDK know nothing else.
 */
export const processRuns: ProcessRuns = createProcessRuns();

export type ProcessRuns = {
  /** Counts a run as live until the returned function is called. */
  readonly enter: (scope: RunScope) => () => void;
  /** The run that the code works for; undefined where it works for none, or for one that is over. */
  readonly current: () => RunScope | undefined;
  /** The only run that code without a scope can work for: the sole live one, where no key but its own had runs here. */
  readonly sole: () => RunScope | undefined;
  /** Before a module is loaded; a process that never had a link is no worker. The function given back ends it. */
  readonly connect: (link: GatewayLink) => () => void;
  readonly link: () => GatewayLink | null;
};

function createProcessRuns(): ProcessRuns {
  // By their requests: a step of a workflow has a scope of its own.
  const live = new Map<RunRequest, RunScope>();
  const keys = new Set<string>();
  let gateway: GatewayLink | null = null;
  return {
    enter(scope) {
      live.set(scope.request, scope);
      keys.add(scope.request.context.key.id);
      return () => void live.delete(scope.request);
    },
    current() {
      const scope = runScope.getStore();
      return scope && live.has(scope.request) ? scope : undefined;
    },
    sole() {
      // What a run that is over knew of its own must not act by the verdicts of another.
      if (live.size !== 1 || keys.size !== 1 || runScope.getStore()) return undefined;
      const [only] = live.values();
      return only;
    },
    connect(link) {
      gateway = link;
      return () => {
        gateway = null;
      };
    },
    link: () => gateway,
  };
}
