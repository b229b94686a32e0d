import { randomUUID } from 'node:crypto';
import { setTimeout as wait } from 'node:timers/promises';
import { GatewayError } from '../../errors.ts';
import type { TurnClaim } from '../../protocol/state/turns.ts';
import type { OpenTurnDeps } from './turn-types.ts';

/** How long a claim holds without being renewed: whoever waits for one of a gateway that was killed gets it in time. */
const CLAIM_MS = 45_000;

/** How long a turn waits for the one before it. */
const PATIENCE_MS = 60_000;

/** Turns of one conversation that wait in this process. */
const MOST_WAITING = 16;

/**
 * Claims the next turn of a conversation, once nobody has it.
 *
 * @param waiting - How many wait for their turn, by conversation.
 * @throws GatewayError `conversation_busy`.
 */
export async function claimNext(
  deps: OpenTurnDeps,
  { conversationId, signal }: { readonly conversationId: string; readonly signal: AbortSignal },
  waiting: Map<string, number>,
): Promise<TurnClaim> {
  const claim = { conversationId, token: randomUUID() };
  const count = waiting.get(conversationId) ?? 0;
  if (count >= MOST_WAITING) throw busy();
  waiting.set(conversationId, count + 1);
  try {
    await untilClaimed(deps, claim, signal);
    return claim;
  } finally {
    const left = (waiting.get(conversationId) ?? 1) - 1;
    if (left > 0) waiting.set(conversationId, left);
    else waiting.delete(conversationId);
  }
}

async function untilClaimed(
  { store, settings, nowMs, aloneSinceMs }: OpenTurnDeps,
  claim: TurnClaim,
  signal: AbortSignal,
): Promise<void> {
  const startedMs = nowMs();
  // Those of whoever was here before are all over by then, and none of ours is.
  const deadMs = aloneSinceMs === null ? 0 : aloneSinceMs + CLAIM_MS;
  for (let pauseMs = 20; ; pauseMs = Math.min(pauseMs * 2, 500)) {
    const now = nowMs();
    const times = { nowMs: Math.max(now, deadMs), untilMs: now + CLAIM_MS };
    if (await store.conversations.claim(claim, times)) return;
    const isTooLate = now - startedMs > PATIENCE_MS;
    if (isTooLate || signal.aborted || settings().concurrentTurns === 'refuse') throw busy();
    await wait(pauseMs);
  }
}

/** Renews a claim for as long as its turn goes on. */
export function held({ store, nowMs }: OpenTurnDeps, claim: TurnClaim): () => Promise<void> {
  let renewing: Promise<unknown> = Promise.resolve();
  const renew = setInterval(() => {
    const times = { nowMs: nowMs(), untilMs: nowMs() + CLAIM_MS };
    // Where it cannot be renewed, the turn learns it when it is kept.
    renewing = store.conversations.claim(claim, times).catch(() => undefined);
  }, CLAIM_MS / 3).unref();
  let isOver = false;
  return async () => {
    clearInterval(renew);
    if (isOver) return;
    isOver = true;
    // One that is renewed after it was given back would be nobody's.
    await renewing;
    // One that nobody gives back ends by itself.
    await store.conversations.release(claim).catch(() => undefined);
  };
}

/** That the turn is another's. */
export function busy(): GatewayError {
  return new GatewayError(
    'conversation_busy',
    'Another turn of this conversation is being taken. Wait for its end.',
  );
}
