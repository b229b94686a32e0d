import type { RunEvent, Usage } from '../../protocol/run.ts';
import { leaveContextOut } from '../approvals/own-state.ts';
import type { LoadedModule, RunModule, RunRequest } from '../loaded-module.ts';
import { endEmptyTurns } from '../models/empty-turns.ts';
import type { SdkRunner } from '../sdk.ts';
import { callModuleTool } from '../tool-module/call-module-tool.ts';
import { classifyFailure } from './classify-failure.ts';
import { guardTools } from './guard-tools.ts';
import { processRuns } from './outside-runs.ts';
import { runAgent } from './run-agent.ts';
import { runPlain } from './run-plain.ts';
import { type Outcome, type RunDeps, type RunScope, runScope } from './run-scope.ts';
import { runWorkflow } from './run-workflow.ts';
import { createSdkUsage } from './sdk-usage.ts';
import { innerTap, tapRunner } from './tap-runner.ts';
import { createToolActivity } from './tool-activity.ts';

/** Runs what a module exports: tells every event, exactly one final one, last; never throws. */
export const runModule: RunModule = createRunModule();

/** Makes a `RunModule` with a cache of runners of its own. */
export function createRunModule(): RunModule {
  const runnerOf = createRunners();
  return async (module, request) => {
    const meter = createSdkUsage();
    const outlet = createOutlet(request.send);
    const tells = { contents: request.tellsContents === true };
    const activity = createToolActivity(outlet.report, tells);
    const deps: RunDeps = { request: { ...request, send: outlet.send }, activity, meter, runnerOf };
    const scope = scopeOf(module, deps);
    const leave = processRuns.enter(scope);
    let last: RunEvent;
    try {
      const work = inScope(module, deps, scope);
      request.outlives(work);
      const outcome = await untilAborted(work, request.signal);
      last = lastEvent(outcome, meter.total());
    } catch (thrown) {
      const cancelled = request.signal.aborted;
      last = classifyFailure(thrown, { cancelled, usage: meter.total() }).event;
    }
    leave();
    activity.close();
    await outlet.end(last);
  };
}

function lastEvent(outcome: Outcome, usage: Usage): RunEvent {
  if ('interrupted' in outcome) return { type: 'interrupted', ...outcome.interrupted, usage };
  return { type: 'finished', ...outcome, usage };
}

function scopeOf({ sdk, manifest }: LoadedModule, { request, activity, meter }: RunDeps): RunScope {
  const tap = innerTap({ sdk: sdk ?? {}, signal: request.signal, meter });
  const isAgent = manifest.kind === 'agent';
  return {
    runId: request.runId,
    request,
    activity,
    tap,
    place: isAgent ? 'main' : 'own',
    isWorkflow: !isAgent,
    offers: new Map(),
    known: {
      context: undefined,
      runner: null,
      agent: null,
      offered: new Map(),
      isPastFirstTurn: false,
      inside: new Set(),
    },
  };
}

function inScope(module: LoadedModule, deps: RunDeps, scope: RunScope): Promise<Outcome> {
  const { request } = deps;
  return runScope.run(scope, async () => {
    request.signal.throwIfAborted();
    if (module.sdk) {
      tapRunner(module.sdk);
      endEmptyTurns(module.sdk);
      leaveContextOut(module.sdk);
    }
    guardTools(module.sdk, module.value);
    switch (module.manifest.kind) {
      case 'agent':
        return runAgent(module, deps);
      case 'workflow':
        return runWorkflow(module, deps);
      case 'runnable':
        return runPlain(module, deps);
      case 'tool':
        return callModuleTool(module, deps);
      default:
        return module.manifest.kind satisfies never;
    }
  });
}

/** A tool or workflow that ignores its signal must not keep the caller's cancellation waiting. */
async function untilAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  const aborted = Promise.withResolvers<never>();
  const onAbort = (): void => aborted.reject(signal.reason);
  signal.addEventListener('abort', onAbort, { once: true });
  try {
    return await Promise.race([work, aborted.promise]);
  } finally {
    signal.removeEventListener('abort', onAbort);
  }
}

/** One runner per module, made with the SDK copy that the module itself resolved. */
function createRunners(): RunDeps['runnerOf'] {
  const shared = new WeakMap<LoadedModule, SdkRunner>();
  return (module, config) => {
    const Runner = module.sdk?.Runner as (new (config?: object) => SdkRunner) | undefined;
    if (typeof Runner !== 'function') throw new TypeError('The SDK of the module has no Runner.');
    if (config) return new Runner(config);
    const runner = shared.get(module) ?? new Runner();
    shared.set(module, runner);
    return runner;
  };
}

/** Nothing leaves after the final event: a run that was given up may still be talking. Empty text says nothing. */
function createOutlet(send: RunRequest['send']) {
  let ended = false;
  const guarded: RunRequest['send'] = (event) => {
    const isEmpty = event.type === 'text' && event.delta === '';
    return ended || isEmpty ? undefined : send(event);
  };
  return {
    send: guarded,
    /** For hooks of the SDK, which cannot wait; the channel itself reports its end. */
    report(event: RunEvent): void {
      const sending = async (): Promise<void> => guarded(event);
      sending().catch(() => undefined);
    },
    async end(event: RunEvent): Promise<void> {
      ended = true;
      try {
        await send(event);
      } catch {
        // Without a channel there is nobody left to hear the end.
      }
    },
  };
}
