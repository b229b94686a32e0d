import { isDeepStrictEqual } from 'node:util';
import { GatewayError } from '../errors.ts';
import {
  type HeldLimit,
  type HeldRunLimits,
  limitsModelCalls,
} from '../policy/limits/run-limits.ts';
import { type RunLimits, runLimitNames } from '../protocol/usage/run-limits.ts';

/** What a model call takes, about or in fact. Thousand-millionths of a US dollar; null where nobody knows a price. */
export type CallSize = { readonly tokens: number; readonly costNanoUsd: number | null };

/** Counts what a run uses, and stops it before it uses more than it may. */
export type RunMeter = {
  /** Whether what a call may take has to be told before it is made. */
  readonly needs: { readonly tokens: boolean; readonly cost: boolean };
  /** Whether any limit is about model calls. */
  readonly limitsModelCalls: boolean;
  /**
   * Counts a model call before it is made; what it took in fact is told with what this returns, once.
   *
   * @throws GatewayError `run_limit_exceeded`, with which the run ends too, `price_unknown`.
   */
  readonly beginCall: (least: CallSize, kind: 'model_call' | 'other') => (took: CallSize) => void;
  /**
   * Counts a tool call before it is made. Where the worker called it unasked, it only ends the run.
   *
   * @throws GatewayError `run_limit_exceeded`, with which the run ends too.
   */
  readonly countTool: (call: CountedTool) => void;
};

/** `repeated`: how often in a row it was called so, as the worker counts; absent for once. */
export type CountedTool = {
  readonly tool: string;
  readonly args?: unknown;
  readonly repeated?: number | undefined;
};

const NANO_PER_DOLLAR = 1_000_000_000;

/**
 * @param onExceeded - Ends the run; called once, after whoever asked was refused.
 */
export function createRunMeter(
  limits: HeldRunLimits,
  onExceeded: (failure: GatewayError) => void,
): RunMeter {
  const used = { modelCalls: 0, toolCalls: 0, tokens: 0, costNanoUsd: 0 };
  const underWay = { tokens: 0, costNanoUsd: 0 };
  let exceeded: GatewayError | null = null;
  let last: { readonly tool: string; readonly args: unknown; readonly times: number } | null = null;

  const exceed = (name: keyof RunLimits, limit: HeldLimit): GatewayError => {
    if (exceeded) return exceeded;
    const failure = exceededError(name, limit, used);
    exceeded = failure;
    // Whoever asked is answered first.
    setImmediate(() => onExceeded(failure));
    return failure;
  };
  const check = (name: keyof RunLimits, wanted: number): void => {
    const limit = limits[name];
    if (limit && wanted > limit.most) throw exceed(name, limit);
  };
  return {
    needs: { tokens: limits.maxTokens !== null, cost: limits.maxCostUsd !== null },
    limitsModelCalls: limitsModelCalls(limits),
    beginCall(least, kind) {
      if (exceeded) throw exceeded;
      if (limits.maxCostUsd && least.costNanoUsd === null) throw unknownPrice(limits.maxCostUsd);
      const cost = least.costNanoUsd ?? 0;
      if (kind === 'model_call') check('maxModelCalls', used.modelCalls + 1);
      check('maxTokens', used.tokens + underWay.tokens + least.tokens);
      check('maxCostUsd', (used.costNanoUsd + underWay.costNanoUsd + cost) / NANO_PER_DOLLAR);
      if (kind === 'model_call') used.modelCalls += 1;
      underWay.tokens += least.tokens;
      underWay.costNanoUsd += cost;
      return (took) => {
        underWay.tokens -= least.tokens;
        underWay.costNanoUsd -= cost;
        used.tokens += took.tokens;
        used.costNanoUsd += took.costNanoUsd ?? 0;
      };
    },
    countTool({ tool, args, repeated = 1 }) {
      if (exceeded) throw exceeded;
      const isSame = last !== null && last.tool === tool && isDeepStrictEqual(last.args, args);
      const own = isSame && last !== null ? last.times + 1 : 1;
      last = args === undefined ? null : { tool, args, times: own };
      check('maxToolCalls', used.toolCalls + 1);
      check('maxRepeatedToolCalls', Math.max(own, repeated));
      used.toolCalls += 1;
    },
  };
}

type Used = {
  readonly modelCalls: number;
  readonly toolCalls: number;
  readonly tokens: number;
  readonly costNanoUsd: number;
};

function exceededError(name: keyof RunLimits, { most, of }: HeldLimit, used: Used): GatewayError {
  const whose = of === 'default' ? 'the default' : `that of its ${of}`;
  const limit = `${runLimitNames[name]}: ${most}, ${whose}`;
  const cost = Number((used.costNanoUsd / NANO_PER_DOLLAR).toPrecision(6));
  const sum = [
    `${used.modelCalls} model calls`,
    `${used.tokens} tokens`,
    `$${cost}`,
    `${used.toolCalls} tool calls`,
  ];
  const what =
    name === 'maxRepeatedToolCalls'
      ? 'It called a tool again and again with the same arguments. '
      : '';
  return new GatewayError(
    'run_limit_exceeded',
    `The run reached its limit (${limit}) and was ended. ${what}It used ${sum.join(', ')}.`,
  );
}

function unknownPrice({ of }: HeldLimit): GatewayError {
  return new GatewayError(
    'price_unknown',
    `Nobody knows a price of the model that this run asks for, and its ${of} limits what a run may cost (max_cost_usd). The operator gives it one with upstreams.<name>.prices in gateway.yaml, for its upstream and for that one’s fallback.`,
  );
}

/** The meters of the live runs. */
export type RunMeters = {
  /** Makes the meter of a run known, until the returned function is called. */
  readonly enter: (
    run: { readonly runId: string; readonly agentId: string },
    meter: RunMeter,
  ) => () => void;
  /** Null for a run that is not live. */
  readonly of: (runId: string) => RunMeter | null;
  /** Whether model calls of any live run of an agent are limited. */
  readonly limitsModelCallsOf: (agentId: string) => boolean;
  /** Whether those of any run of it were. */
  readonly hasLimited: (agentId: string) => boolean;
};

export function createRunMeters(): RunMeters {
  const meters = new Map<string, { readonly agentId: string; readonly meter: RunMeter }>();
  const limited = new Set<string>();
  return {
    enter({ runId, agentId }, meter) {
      meters.set(runId, { agentId, meter });
      if (meter.limitsModelCalls) limited.add(agentId);
      return () => meters.delete(runId);
    },
    hasLimited: (agentId) => limited.has(agentId),
    of: (runId) => meters.get(runId)?.meter ?? null,
    limitsModelCallsOf: (agentId) =>
      meters.values().some((each) => each.agentId === agentId && each.meter.limitsModelCalls),
  };
}
