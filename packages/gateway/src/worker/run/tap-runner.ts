import type { RunRequest, SdkCopy } from '../loaded-module.ts';
import { fieldsOf, type SdkRun, type SdkRunner, type SdkRunOptions } from '../sdk.ts';
import { type RunTap, runScope } from './run-scope.ts';
import type { UsageMeter } from './usage-meter.ts';

const tapped = Symbol('dropgate.tapped');

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
  readonly meter: UsageMeter;
}): RunTap {
  return ({ runner, original, agent, input, options }) => {
    const context = runContext(deps.sdk, options.context);
    if (context === options.context) return original.call(runner, agent, input, options);
    deps.meter.watch(context);
    const signal = joinedSignal(options, deps.signal);
    return original.call(runner, agent, input, { ...options, context, signal });
  };
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
