import { agentOfTool } from '../agent-shape.ts';
import { isClientTool } from '../approvals/client-tools.ts';
import type { RunRequest, SdkCopy } from '../loaded-module.ts';
import {
  callIdOf,
  fieldsOf,
  isAsyncIterable,
  nameOf,
  type SdkResult,
  type SdkRun,
  type SdkRunner,
  type SdkRunOptions,
} from '../sdk.ts';
import { provenanceOf } from './guard-tools.ts';
import {
  type KnownOfRun,
  type RunPlace,
  type RunScope,
  type RunTap,
  runScope,
} from './run-scope.ts';
import type { SdkUsage } from './sdk-usage.ts';

const tapped = Symbol('dropgate.tapped');
const watched = Symbol('dropgate.watched');

/**
 * Patches `Runner.prototype.run` of one SDK copy, once, so that runs started by the module's own code pass through
 * the tap of the current gateway run. Outside such a run it does nothing.
 *
 * @returns False where the copy has no such method; the module then answers whole, without its inner texts.
 */
export function tapRunner(sdk: SdkCopy): boolean {
  const prototype = fieldsOf(fieldsOf(sdk.Runner).prototype) as { run?: unknown };
  const original = prototype.run;
  if (typeof original !== 'function') return false;
  if (tapped in original) return true;
  const run: SdkRun = async function run(this: SdkRunner, agent, input, options) {
    const tap = runScope.getStore()?.tap;
    const call = { runner: this, original: original as SdkRun, agent, input };
    return tap
      ? tap({ ...call, options: options ?? {} })
      : original.call(this, agent, input, options);
  };
  prototype.run = Object.assign(run, { [tapped]: true });
  return true;
}

/**
 * The tap inside a run of the SDK. An agent used as a tool brings its parent's context and passes through;
 * a run of the module's own (a guardrail that asks an agent, say) is counted and ends when the gateway run is cancelled.
 */
export function innerTap(deps: {
  readonly sdk: SdkCopy;
  readonly signal: AbortSignal;
  readonly meter: SdkUsage;
}): RunTap {
  return async ({ runner, original, agent, input, options }) => {
    const context = runContext(deps.sdk, options.context);
    const scope = runScope.getStore();
    if (context === options.context) {
      if (!scope || scope.place === 'own' || scope.known.runner === runner) {
        return original.call(runner, agent, input, options);
      }
      return inPlace(scope, 'agent_tool', async () => {
        const result = await original.call(runner, agent, input, options);
        // A stream tells what it waits for when it has been read, which is not here.
        if (isAsyncIterable(result) || isWaiting(result)) scope.known.inside.add(result);
        return result;
      });
    }
    deps.meter.watch(context);
    const signal = joinedSignal(options, deps.signal);
    const own = () => original.call(runner, agent, input, { ...options, context, signal });
    return scope ? inPlace(scope, 'own', own) : own();
  };
}

function inPlace<T>(scope: RunScope, place: RunPlace, work: () => Promise<T>): Promise<T> {
  return scope.place === place ? work() : runScope.run({ ...scope, place }, work);
}

/** Whether an agent's tool has ended because a run inside of it waits: the SDK says that it gave nothing. */
function endsWaiting({ inside }: KnownOfRun, tool: unknown, output: unknown): boolean {
  if (output !== '' || typeof tool !== 'object' || !tool || !(agentOfTool in tool)) return false;
  const waiting = [...inside].find(isWaiting);
  return waiting !== undefined && inside.delete(waiting);
}

function isWaiting({ interruptions = [] }: SdkResult): boolean {
  return interruptions.length > 0;
}

/** A run context of this copy around `context`, or `context` itself where it is one already or the copy has none. */
export function runContext(sdk: SdkCopy, context: unknown): unknown {
  const RunContext = sdk.RunContext as (new (context: unknown) => unknown) | undefined;
  if (typeof RunContext !== 'function' || context instanceof RunContext) return context;
  return new RunContext(context);
}

/** Aborts with the module's own signal or the gateway's. */
export function joinedSignal(
  options: SdkRunOptions,
  signal: RunRequest['signal'],
): RunRequest['signal'] {
  return options.signal ? AbortSignal.any([options.signal, signal]) : signal;
}

/** Listens, once per runner, to the hooks of tools and handoffs and tells the current run of them. */
export function watchRunner(runner: SdkRunner): void {
  if (typeof runner.on !== 'function' || watched in runner) return;
  Object.defineProperty(runner, watched, { value: true });
  listen(runner, 'agent_tool_start', ({ activity, known }, [, agent, tool, details]) => {
    known.isPastFirstTurn = true;
    // Its caller has called it.
    if (isClientTool(tool)) return;
    const call = {
      callId: callIdOf(details, tool),
      tool: nameOf(tool),
      agent: nameOf(agent),
      provenance: provenanceOf(tool, agent),
    };
    const { arguments: given } = fieldsOf(fieldsOf(details).toolCall);
    activity.started(call, given);
  });
  listen(runner, 'agent_tool_end', ({ activity, known }, [, , tool, output, details]) => {
    const callId = callIdOf(details, tool);
    if (endsWaiting(known, tool, output)) activity.endsAs(callId, 'aborted');
    activity.ended(callId, output);
  });
  listen(runner, 'agent_handoff', ({ activity, known }, [, fromAgent, toAgent]) => {
    known.isPastFirstTurn = true;
    activity.handedOff(nameOf(fromAgent), nameOf(toAgent));
  });
}

function listen(
  runner: SdkRunner,
  event: string,
  report: (scope: RunScope, args: readonly unknown[]) => void,
): void {
  runner.on?.(event, (...args) => {
    const scope = runScope.getStore();
    if (!scope) return;
    try {
      report(scope, args);
    } catch {
      // A listener that throws fails the run with a ToolCallError: a lost event is the lesser harm.
    }
  });
}
