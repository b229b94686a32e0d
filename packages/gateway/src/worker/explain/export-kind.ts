import { isAgent, isClass, isRealtimeAgent, isRunnable } from '../agent-shape.ts';
import { fieldsOf } from '../sdk.ts';

/** What an export is, as a reader would say it: `an agent`, `a Runner`, `a string`. */
export function kindOf(value: unknown): string {
  if (isAgent(value)) return 'an agent';
  if (isRealtimeAgent(value)) return 'a RealtimeAgent';
  if (isClass(value)) return 'a class';
  if (value === null || value === undefined) return String(value);
  if (value instanceof Promise) return 'a promise';
  if (Array.isArray(value)) return 'an array';
  const fields = fieldsOf(value);
  if (fields.constructor?.name === 'Runner') return 'a Runner';
  if (isRunnable(value)) return 'an object with `run`';
  if (fields.type === 'function' && typeof fields.invoke === 'function') return 'a tool';
  return typeof value === 'object' ? 'an object' : `a ${typeof value}`;
}
