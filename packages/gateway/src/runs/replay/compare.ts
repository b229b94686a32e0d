import type { Change } from '../../protocol/admin/replay-answer.ts';

/** So many differences are told. */
const MAX_CHANGES = 50;

/** Longer values are cut, in characters of JSON. */
const MAX_VALUE = 2000;

/** JSON where it is that, else the text itself. */
export function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

/**
 * A request to a model without the results of these calls of tools: they come from the record, so that where they differ
 * it is the record that has them in another form.
 */
export function withoutResults(request: unknown, callIds: ReadonlySet<string>): unknown {
  if (Array.isArray(request)) return request.map((each) => withoutResults(each, callIds));
  if (typeof request !== 'object' || request === null) return request;
  const fields = request as Readonly<Record<string, unknown>>;
  const { type, role, call_id, tool_call_id } = fields;
  if (type === 'function_call_output' && callIds.has(String(call_id))) {
    return { ...fields, output: null };
  }
  if (role === 'tool' && callIds.has(String(tool_call_id))) return { ...fields, content: null };
  const { input, messages } = fields;
  return {
    ...fields,
    ...(Array.isArray(input) && { input: withoutResults(input, callIds) }),
    ...(Array.isArray(messages) && { messages: withoutResults(messages, callIds) }),
  };
}

/** Where two values differ, whatever order their fields are in. */
export function changesBetween(recorded: unknown, replayed: unknown): Change[] {
  const changes: Change[] = [];
  collect(changes, '', [recorded, replayed]);
  return changes;
}

function collect(changes: Change[], path: string, [one, other]: readonly [unknown, unknown]): void {
  if (changes.length >= MAX_CHANGES || Object.is(one, other)) return;
  if (!isObject(one) || !isObject(other) || Array.isArray(one) !== Array.isArray(other)) {
    changes.push({ path, recorded: cut(one), replayed: cut(other) });
    return;
  }
  for (const name of new Set([...Object.keys(one), ...Object.keys(other)])) {
    const inner = Array.isArray(one) ? `${path}[${name}]` : path === '' ? name : `${path}.${name}`;
    collect(changes, inner, [one[name], other[name]]);
  }
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null;
}

function cut(value: unknown): unknown {
  const text = typeof value === 'string' ? value : (JSON.stringify(value) ?? '');
  return text.length > MAX_VALUE ? `${text.slice(0, MAX_VALUE)}…` : value;
}
