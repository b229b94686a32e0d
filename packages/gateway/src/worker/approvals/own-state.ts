import type { SdkCopy } from '../loaded-module.ts';
import { processRuns } from '../run/outside-runs.ts';
import { fieldsOf } from '../sdk.ts';

const emptied = Symbol('dropgate.emptied');

/**
 * Leaves what tools get as their context out of the states that a gateway run keeps, those of agents that are tools
 * included: it is made anew where the run goes on, it may be no JSON, and it may hold what nobody should keep. So it does
 * with a model's earlier answers as their API gave them, which the state has in its own form too. Patches one copy of the
 * SDK, once; states of other contexts stay as they are.
 */
export function leaveContextOut(sdk: SdkCopy): void {
  const prototype = fieldsOf(fieldsOf(sdk.RunState).prototype) as { toJSON?: unknown };
  const original = prototype.toJSON;
  if (typeof original !== 'function' || emptied in original) return;
  const toJSON = function toJSON(this: unknown, ...args: readonly unknown[]): unknown {
    const whole = () => Reflect.apply(original, this, args);
    const context = fieldsOf(this)._context as { context?: unknown } | undefined;
    const known = processRuns.current()?.known;
    if (!context || !known || known.context !== context.context) return whole();
    const own = context.context;
    context.context = {};
    try {
      return withoutRawAnswers(withoutTwin(known.agent, whole));
    } finally {
      context.context = own;
    }
  };
  prototype.toJSON = Object.assign(toJSON, { [emptied]: true });
}

/**
 * Copies without identities of agents refuse to keep a run whose agents lead back to the one that it began with, where that
 * is a view: they only look whether names are there twice, so they are shown none of those that it leads to.
 */
function withoutTwin(view: object | null, whole: () => unknown): unknown {
  try {
    return whole();
  } catch (error) {
    if (!view || Object.hasOwn(view, 'handoffs') || !isAboutTwins(error)) throw error;
    const nothing = { value: [], configurable: true };
    Object.defineProperties(view, { handoffs: nothing, tools: nothing });
    try {
      return whole();
    } finally {
      for (const name of ['handoffs', 'tools']) Reflect.deleteProperty(view, name);
    }
  }
}

/** Whether a copy of the SDK complains of two agents of one name. */
export function isAboutTwins(error: unknown): boolean {
  return String(fieldsOf(error).message).startsWith('Duplicate agent name');
}

/** The last one stays: the SDK looks into it when it goes on. */
function withoutRawAnswers(state: unknown): unknown {
  const { modelResponses } = fieldsOf(state);
  if (!Array.isArray(modelResponses)) return state;
  const shorter = modelResponses.map((response, index) => {
    const { providerData: _, ...own } = response;
    return index < modelResponses.length - 1 ? own : response;
  });
  return { ...fieldsOf(state), modelResponses: shorter };
}
