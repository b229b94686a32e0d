import { DEFAULT_REPEATED_TOOL_CALLS, type RunLimits } from '../../protocol/usage/run-limits.ts';

/** Whoever limits a run, as errors name it. */
export type LimitSource = 'agent' | 'key' | 'namespace' | 'override' | 'default';

/** A limit that holds, and whose it is. */
export type HeldLimit = { readonly most: number; readonly of: LimitSource };

/** The limits that hold for a run; null is without limit. */
export type HeldRunLimits = { readonly [Name in keyof RunLimits]-?: HeldLimit | null };

type Given = readonly (readonly [LimitSource, RunLimits | null | undefined])[];

/** Without any limit. */
export const noRunLimits: HeldRunLimits = {
  maxModelCalls: null,
  maxTokens: null,
  maxCostUsd: null,
  maxToolCalls: null,
  maxRepeatedToolCalls: null,
};

/** The tightest of what each says; what `raised` names holds in their place, where it is looser. */
export function holdRunLimits(given: Given, raised?: RunLimits | null): HeldRunLimits {
  const held = (name: keyof RunLimits) => raisedLimit(tightestOf(given, name), raised?.[name]);
  return {
    maxModelCalls: held('maxModelCalls'),
    maxTokens: held('maxTokens'),
    maxCostUsd: held('maxCostUsd'),
    maxToolCalls: held('maxToolCalls'),
    maxRepeatedToolCalls: held('maxRepeatedToolCalls'),
  };
}

function tightestOf(given: Given, name: keyof RunLimits): HeldLimit | null {
  const all = given.flatMap(([of, limits]) => {
    const most = limits?.[name];
    return most === undefined ? [] : [{ most, of }];
  });
  if (name === 'maxRepeatedToolCalls' && all.length === 0) {
    return { most: DEFAULT_REPEATED_TOOL_CALLS, of: 'default' };
  }
  // 0 is without limit.
  return all
    .filter(({ most }) => most > 0)
    .reduce<HeldLimit | null>(
      (least, each) => (least === null || each.most < least.most ? each : least),
      null,
    );
}

function raisedLimit(held: HeldLimit | null, raised: number | undefined): HeldLimit | null {
  if (held === null || raised === undefined) return held;
  if (raised === 0) return null;
  return raised > held.most ? { most: raised, of: 'override' } : held;
}

/** Whether any of them is about model calls, so that it has to be known of which run each call is. */
export function limitsModelCalls({ maxModelCalls, maxTokens, maxCostUsd }: HeldRunLimits): boolean {
  return maxModelCalls !== null || maxTokens !== null || maxCostUsd !== null;
}
