import { failureDetail } from '../explain/failure-detail.ts';
import { callIdOf, fieldsOf, nameOf } from '../sdk.ts';
import { runScope } from './run-scope.ts';

type AnyFunction = (...args: readonly unknown[]) => unknown;

/**
 * The SDK's `tool`, whose tools tell the current run what their `execute` throws before the SDK makes a sentence of
 * it. The error goes on unchanged. Anything but a function is given back as it is.
 */
export function reportErrors(tool: unknown): unknown {
  if (typeof tool !== 'function') return tool;
  const reporting: AnyFunction = (options, ...rest) => {
    const made: unknown = Reflect.apply(tool, undefined, [
      watchedOptions(options, () => made),
      ...rest,
    ]);
    return made;
  };
  return Object.defineProperty(reporting, 'name', { value: tool.name });
}

/** The options as they are, read where they are read, but for `execute`. */
function watchedOptions(options: unknown, toolMade: () => unknown): unknown {
  const named = fieldsOf(options).execute;
  if (typeof options !== 'object' || options === null || typeof named !== 'function') {
    return options;
  }
  const current = (): unknown => Reflect.get(options, 'execute');
  const execute = watchedExecute({ options, current, toolMade });
  Object.defineProperty(execute, 'name', { value: named.name });
  // Its target is no frozen object, of which a proxy may not say anything else than it is.
  return new Proxy(
    {},
    {
      get: (_, key) => (key === 'execute' ? execute : Reflect.get(options, key)),
      has: (_, key) => Reflect.has(options, key),
      ownKeys: () => Reflect.ownKeys(options),
      getOwnPropertyDescriptor(_, key) {
        const found = Reflect.getOwnPropertyDescriptor(options, key);
        return found && { ...found, configurable: true };
      },
    },
  );
}

function watchedExecute(watched: {
  readonly options: object;
  readonly current: () => unknown;
  readonly toolMade: () => unknown;
}): AnyFunction {
  return async (...args) => {
    try {
      return await Reflect.apply(watched.current() as AnyFunction, watched.options, args);
    } catch (error) {
      reportToRun(error, callIdOf(args[2], watched.toolMade()), nameOf(watched.toolMade()));
      throw error;
    }
  };
}

/** What a cancelled run makes its tools throw is nobody's mistake. */
function reportToRun(error: unknown, callId: string, tool: string): void {
  const scope = runScope.getStore();
  if (!scope || scope.request.signal.aborted) return;
  try {
    scope.activity.threw(callId || tool, failureDetail(error, 'tool'));
  } catch {
    // An error that cannot be described must still reach the SDK.
  }
}
