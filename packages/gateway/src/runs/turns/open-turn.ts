import { randomUUID } from 'node:crypto';
import { setTimeout as wait } from 'node:timers/promises';
import { GatewayError } from '../../errors.ts';
import type { InputItem } from '../../protocol/run.ts';
import type {
  KeptItem,
  Turn,
  TurnClaim,
  TurnStatus,
  TurnStore,
} from '../../protocol/state/turns.ts';
import { type KeptTurns, readLine } from './kept-turns.ts';
import type { LivingTurns } from './living-turns.ts';

/** What of a conversation that is kept a run takes part in. */
export type TurnWanted = {
  /** The turn that it follows. */
  readonly previousId: string | null;
  readonly conversationId: string | null;
  /** Whether its answer is kept. */
  readonly keeps: boolean;
  /** Whether the run goes on without its caller. */
  readonly outlives: boolean;
  /** Items at the beginning of the input that are of this run alone. */
  readonly leading: number;
};

/** What came of a turn. */
export type TurnAnswer = {
  readonly id: string;
  readonly status: TurnStatus;
  readonly output: readonly KeptItem[];
  /** The answer itself. */
  readonly answer: string;
  /** The stream that told it, where that is kept too. */
  readonly events?: string;
};

/** A turn that is being taken. */
export type OpenTurn = {
  /** The input with what came before it. */
  readonly items: readonly InputItem[];
  /** The only agent that may be asked; null for any. */
  readonly boundTo: string | null;
  readonly isKept: boolean;
  /** Whether what it adds to the conversation is kept. */
  readonly takesItems: boolean;
  /** Keeps it as one that goes on without its caller, until it is kept again. */
  readonly outlive: (answer: TurnAnswer, agentId: string) => Promise<void>;
  /** @throws GatewayError `store_unavailable`, `conversation_busy`. */
  readonly keep: (answer: TurnAnswer, agentId: string | null) => Promise<void>;
  /** Lets the next turn of the conversation begin. Safe to call twice, never throws. */
  readonly end: () => Promise<void>;
};

export type OpenTurnDeps = {
  readonly store: TurnStore;
  readonly settings: () => TurnSettings;
  readonly nowMs: () => number;
  /** Since when nobody else takes turns of this store, in Unix milliseconds; null where others may. */
  readonly aloneSinceMs: number | null;
  readonly kept: KeptTurns;
  readonly living: LivingTurns;
};

export type TurnSettings = {
  /** 0 keeps none. */
  readonly keepDays: number;
  readonly keepMb: number;
  readonly concurrentTurns: 'wait' | 'refuse';
};

export type TurnAsked = {
  readonly keyId: string;
  readonly wanted: TurnWanted;
  readonly items: readonly InputItem[];
  /** Aborted when the caller leaves. */
  readonly signal: AbortSignal;
};

/** Opens a turn. @throws GatewayError `record_not_found`, `conversation_busy`, `invalid_value`, `context_too_long`. */
export type OpenTurnOf = (asked: TurnAsked) => Promise<OpenTurn>;

/** How long a claim holds without being renewed: whoever waits for one of a gateway that was killed gets it in time. */
const CLAIM_MS = 45_000;

/** How long a turn waits for the one before it. */
const PATIENCE_MS = 60_000;

/** Turns of one conversation that wait in this process. */
const MOST_WAITING = 16;

/** Most that comes before a turn: what a model takes is far less. */
const most = { items: 10_000, letters: 24 * 1024 * 1024 };

export function createOpenTurn(deps: OpenTurnDeps): OpenTurnOf {
  const waiting = new Map<string, number>();
  return async (asked) => {
    const { wanted, items } = asked;
    const isKept = wanted.keeps && deps.settings().keepDays > 0;
    if (wanted.outlives && !isKept) throw notKept();
    const claim = wanted.conversationId === null ? null : await claimNext(deps, asked, waiting);
    const end = claim ? held(deps, claim) : async () => undefined;
    let isThere = false;
    try {
      const before = await whatCameBefore(deps, asked);
      const own = items.slice(wanted.leading);
      return {
        items: [...items.slice(0, wanted.leading), ...before.items, ...own],
        boundTo: before.agentId,
        isKept,
        takesItems: isKept || claim !== null,
        async outlive(answer, agentId) {
          const turn = turnOf(answer, { asked, own, previousId: before.id, agentId });
          const aliveUntilMs = deps.living.add(answer.id);
          try {
            isThere = await deps.store.put({ ...turn, createdMs: deps.nowMs(), aliveUntilMs });
            if (!isThere) throw busy();
          } catch (error) {
            deps.living.remove(answer.id);
            throw error;
          }
        },
        async keep(answer, agentId) {
          if (!isKept && !claim) return;
          const turn = turnOf(answer, { asked, own, previousId: before.id, agentId });
          const isNext = answer.status === 'completed' || answer.status === 'incomplete';
          const shown = isKept ? turn : { ...turn, answer: null };
          const at = { ...shown, createdMs: deps.nowMs(), aliveUntilMs: null };
          deps.living.remove(answer.id);
          const keep = isThere ? deps.store.replace : deps.store.put;
          const isKeptNow = await (isNext && claim ? keep(at, claim) : keep(at));
          // Of what failed, or whose caller removed it meanwhile, there is nothing to say.
          if (!isKeptNow && isNext && !isThere) throw busy();
        },
        end,
      };
    } catch (error) {
      await end();
      throw error;
    }
  };
}

/** @param waiting - How many wait for their turn, by conversation. */
async function claimNext(
  deps: OpenTurnDeps,
  { keyId, wanted, signal }: TurnAsked,
  waiting: Map<string, number>,
): Promise<TurnClaim> {
  const conversationId = wanted.conversationId ?? '';
  await about('conversationId', deps.kept.conversation(keyId, conversationId));
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
function held({ store, nowMs }: OpenTurnDeps, claim: TurnClaim): () => Promise<void> {
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

/** What goes wrong, told of the part of what is wanted that it is about. */
async function about<Found>(part: keyof TurnWanted, work: Promise<Found>): Promise<Found> {
  try {
    return await work;
  } catch (error) {
    throw error instanceof GatewayError ? error.about(part) : error;
  }
}

type Before = {
  readonly id: string | null;
  readonly agentId: string | null;
  readonly items: readonly InputItem[];
};

async function whatCameBefore(deps: OpenTurnDeps, asked: TurnAsked): Promise<Before> {
  const { keyId, wanted } = asked;
  const { conversationId, previousId } = wanted;
  if (conversationId !== null) {
    const { headId, agentId } = await deps.kept.conversation(keyId, conversationId);
    return { id: headId, agentId, items: headId === null ? [] : await lineOf(deps, headId) };
  }
  if (previousId === null) return { id: null, agentId: null, items: [] };
  const found = deps.kept.turn(keyId, previousId);
  const { status, isLost, agentId } = await about('previousId', found);
  if (!isLost && (status === 'queued' || status === 'in_progress')) {
    const message = `The response '${previousId}' is not finished yet. Wait for its end.`;
    throw new GatewayError('invalid_value', message, { param: 'previousId' });
  }
  return { id: previousId, agentId, items: await lineOf(deps, previousId) };
}

async function lineOf({ store }: OpenTurnDeps, id: string): Promise<InputItem[]> {
  const items = (await readLine(store, id)).map(({ item }) => item);
  const letters = items.reduce((sum, item) => sum + lettersOf(item), 0);
  if (items.length <= most.items && letters <= most.letters) return items;
  throw new GatewayError(
    'context_too_long',
    `The conversation has ${items.length} items with ${letters} letters; ${most.items} and ${most.letters} are the most. Begin a new one.`,
  );
}

function lettersOf(item: InputItem): number {
  if ('arguments' in item) return item.arguments.length;
  if ('text' in item) return item.text.length;
  return item.parts.reduce((sum, part) => sum + JSON.stringify(part).length, 0);
}

type Taken = {
  readonly asked: TurnAsked;
  readonly own: readonly InputItem[];
  readonly previousId: string | null;
  readonly agentId: string | null;
};

function turnOf(answer: TurnAnswer, taken: Taken): Omit<Turn, 'createdMs' | 'aliveUntilMs'> {
  const { asked, own, previousId, agentId } = taken;
  const suffix = answer.id.slice(answer.id.indexOf('_') + 1);
  return {
    ...answer,
    keyId: asked.keyId,
    agentId,
    previousId,
    conversationId: asked.wanted.conversationId,
    events: answer.events ?? null,
    input: own.map((item, index) => ({ id: `${prefixOf(item)}_${suffix}_i${index}`, item })),
  };
}

/** What ids of such an item begin with. */
export function prefixOf({ role }: InputItem): string {
  if (role === 'tool_call') return 'fc';
  return role === 'tool_result' ? 'fco' : 'msg';
}

function notKept(): GatewayError {
  return new GatewayError(
    'unsupported_value',
    'A run that goes on without its caller has to be kept, and this one is not.',
    { param: 'outlives' },
  );
}

function busy(): GatewayError {
  return new GatewayError(
    'conversation_busy',
    'Another turn of this conversation is being taken. Wait for its end.',
  );
}
