import { fieldsOf, type SdkState } from '../sdk.ts';

/**
 * Takes the approval of a call when it is made; false where its id was approved for one that was made before. Calls that
 * nobody approved by their id are none of its business.
 */
export type TakeApproval = (callId: string) => boolean;

/**
 * The calls of a run that persons approved, each good for one. Copies of the SDK before 0.20 look for an id alone, and there
 * are models that use one again in a later turn, for other arguments.
 *
 * @param state - With all decisions in it.
 */
export function createTakeApproval({
  _context: context,
  _generatedItems: items = [],
}: SdkState): TakeApproval {
  const approved = new Set(approvedIds(context));
  const made = new Set(
    items
      .filter(({ type }) => type === 'tool_call_output_item')
      .map(({ rawItem }) => rawItem?.callId)
      .filter((callId) => typeof callId === 'string'),
  );
  return (callId) => {
    if (!approved.has(callId)) return true;
    if (made.has(callId)) return false;
    made.add(callId);
    return true;
  };
}

function approvedIds(context: unknown): unknown[] {
  const { toJSON } = fieldsOf(context);
  const { approvals } = fieldsOf(
    typeof toJSON === 'function' ? Reflect.apply(toJSON, context, []) : null,
  );
  // What is approved for all calls of a tool says so in place of a list.
  return Object.values(fieldsOf(approvals)).flatMap((record) => {
    const { approved } = fieldsOf(record);
    return Array.isArray(approved) ? approved : [];
  });
}
