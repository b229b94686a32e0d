import { GatewayError } from '../../errors.ts';
import type { InputItem } from '../../protocol/run.ts';

/**
 * A conversation in which each result has the name of its call, which may have come before the input.
 *
 * @throws GatewayError `invalid_value` where there is no such call.
 */
export function withNames(items: readonly InputItem[]): readonly InputItem[] {
  if (!items.some((item) => item.role === 'tool_result' && item.name === '')) return items;
  const names = new Map<string, string>();
  return items.map((item) => {
    if (item.role === 'tool_call') names.set(item.callId, item.name);
    if (item.role !== 'tool_result' || item.name !== '') return item;
    const { callId } = item;
    const name = names.get(callId);
    if (name === undefined) throw noCall(callId);
    return { ...item, name };
  });
}

/** The same, for a run that goes on with what it knows itself: what has no name here keeps none. */
export function withKnownNames(
  results: readonly InputItem[],
  items: readonly InputItem[],
): readonly InputItem[] {
  const named = items.flatMap((item) => (item.role === 'tool_call' ? [item] : []));
  return results.map((item) => {
    if (item.role !== 'tool_result' || item.name !== '') return item;
    const call = named.findLast(({ callId }) => callId === item.callId);
    return { ...item, name: call?.name ?? '' };
  });
}

function noCall(callId: string): GatewayError {
  return new GatewayError(
    'invalid_value',
    `No call before it waits for the result of '${callId.slice(0, 64)}'. Send the function_call too, name the response that has it, or leave the result out.`,
    { param: 'items' },
  );
}
