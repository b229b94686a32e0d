import { GatewayError } from '../../errors.ts';
import type { Caller } from '../../protocol/policy.ts';
import type { Owner } from '../../protocol/state/owner.ts';
import type { Approvals } from '../../runs/approvals/approval-types.ts';
import type { KeptTurn, KeptTurns } from '../../runs/turns/kept-turns.ts';
import type { TurnWanted } from '../../runs/turns/turn-types.ts';

type Asked = {
  readonly caller: Caller;
  readonly modelId: string;
  /** Ids of the calls that are answered. */
  readonly ids: readonly string[];
};

/**
 * The run that waits for an answer to these calls: all of one run of this key.
 *
 * @throws GatewayError `record_not_found`, `invalid_value`.
 */
export async function findAsked(
  approvals: Pick<Approvals, 'find'>,
  { caller, modelId, ids }: Asked,
): Promise<string> {
  const found = await Promise.all(
    [...new Set(ids)].map((id) =>
      approvals.find(caller, id).catch((error: unknown) => {
        throw error instanceof GatewayError ? error.about('items') : error;
      }),
    ),
  );
  const [first] = found;
  // An operator answers for others too, but a message is answered to whoever asked.
  const foreign = found.find(({ keyId }) => keyId !== caller.keyId);
  if (!first || foreign) throw notAsked(foreign?.id ?? '');
  if (found.some(({ runId }) => runId !== first.runId) || found.length < ids.length) {
    throw wrong(
      'items',
      'The answers are of several runs, or one call is there twice. Answer the calls of one run at a time.',
    );
  }
  const { agentId, runId } = first;
  const named = modelId.toLowerCase();
  if (named === agentId || agentId.endsWith(`/${named}`)) return runId;
  throw wrong(
    'model',
    `The call that is answered is one of '${agentId}', and not of '${modelId}'.`,
  );
}

/**
 * The turn that answers these calls: behind the one that was interrupted, in its conversation.
 *
 * @throws GatewayError `invalid_value` where the request names another.
 */
export function wantedBehind(
  wanted: TurnWanted,
  responseId: string,
  interrupted: KeptTurn | null,
): TurnWanted {
  const { previousId, conversationId } = wanted;
  if (previousId !== null && previousId !== responseId) {
    throw wrong(
      'previousId',
      `The call that is answered is one of the response '${responseId}', and not of '${previousId}'.`,
    );
  }
  if (conversationId !== null && interrupted && interrupted.conversationId !== conversationId) {
    throw wrong(
      'conversationId',
      `The call that is answered is not one of the conversation '${conversationId}'.`,
    );
  }
  if (previousId !== null || conversationId !== null || !interrupted) return wanted;
  return interrupted.conversationId === null
    ? { ...wanted, previousId: responseId }
    : { ...wanted, conversationId: interrupted.conversationId };
}

/** A turn that is kept; null where it is not. */
export async function keptResponse(
  kept: Pick<KeptTurns, 'turn'>,
  owner: Owner,
  id: string,
): Promise<KeptTurn | null> {
  try {
    return await kept.turn(owner, id);
  } catch (error) {
    if (error instanceof GatewayError && error.code === 'record_not_found') return null;
    throw error;
  }
}

/** The id of the response that a run is. */
export function responseIdOf(runId: string): string {
  return `resp_${runId.replace(/^run_/, '')}`;
}

function notAsked(id: string): GatewayError {
  return new GatewayError('record_not_found', `No call '${id}' of this key waits for an answer.`, {
    param: 'items',
  });
}

function wrong(param: string, message: string): GatewayError {
  return new GatewayError('invalid_value', message, { param });
}
