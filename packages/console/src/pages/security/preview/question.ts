import type { Action, PreviewQuestion } from '../../../api/security.ts';
import { fill, text } from '../../../strings/text.ts';
import type { SecuritySearch } from '../search.ts';

/** A question as it is written, before it is read. */
export type WrittenQuestion = Pick<
  SecuritySearch,
  'who' | 'user' | 'action' | 'resource' | 'agent' | 'args'
>;

/** The action that an address or a field names; `run_agent` where it names none. */
export function actionOf(written: string | undefined): Action {
  return written !== undefined && Object.hasOwn(text.security.actions, written)
    ? (written as Action)
    : 'run_agent';
}

/** The question as the gateway takes it, or what is wrong with its arguments. */
export function questionOf(
  written: WrittenQuestion,
): { readonly body: PreviewQuestion } | { readonly argsFault: string } {
  const { who = '', user = '', resource = '', agent = '', args = '' } = written;
  const action = actionOf(written.action);
  const isTool = action === 'call_tool';
  const body: PreviewQuestion = {
    principal: who.trim(),
    action,
    resource: resource.trim(),
    ...(user.trim() === '' ? {} : { user: user.trim() }),
    ...(isTool && agent.trim() !== '' ? { agent_id: agent.trim() } : {}),
  };
  if (!isTool || args.trim() === '') return { body };
  try {
    return { body: { ...body, args: JSON.parse(args) } };
  } catch (error) {
    const problem = error instanceof Error ? error.message : String(error);
    return { argsFault: fill(text.security.preview.argsWrong, { problem }) };
  }
}
