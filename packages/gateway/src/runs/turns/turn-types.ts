import type { InputItem } from '../../protocol/run.ts';
import type { Owner } from '../../protocol/state/owner.ts';
import type { KeptItem, TurnStatus, TurnStore } from '../../protocol/state/turns.ts';
import type { Erasures } from './erasures.ts';
import type { KeptTurns } from './kept-turns.ts';
import type { LivingTurns } from './living-turns.ts';

/** What of a conversation that is kept a run takes part in. */
export type TurnWanted = {
  /** The turn that it follows. */
  readonly previousId: string | null;
  readonly conversationId: string | null;
  /** Set in place of both where the turn is one of a session. */
  readonly session?: SessionWanted;
  /** Whether its answer is kept. */
  readonly keeps: boolean;
  /** Whether the run goes on without its caller. */
  readonly outlives: boolean;
  /** Items at the beginning of the input that are of this run alone. */
  readonly leading: number;
};

/** A conversation that is named by the caller, and made by its first request. */
export type SessionWanted = {
  readonly agentId: string;
  /** As the caller says it. */
  readonly name: string;
  /** Whether each request brings all that was said before. */
  readonly sendsHistory: boolean;
};

/** What came of a turn. */
export type TurnAnswer = {
  readonly id: string;
  readonly status: TurnStatus;
  readonly output: readonly KeptItem[];
  /** The answer itself; in a session, its text as the caller sees it. */
  readonly answer: string;
  /** The stream that told it, where that is kept too. */
  readonly events?: string;
};

/** A turn that is being taken. */
export type OpenTurn = {
  /** The input with what came before it. */
  readonly items: readonly InputItem[];
  /** The conversation that it is a turn of. */
  readonly conversationId: string | null;
  /** The only agent that may be asked; null for any. */
  readonly boundTo: string | null;
  readonly isKept: boolean;
  /** Whether what it adds to the conversation is kept. */
  readonly takesItems: boolean;
  /** Has it kept with another input than was sent, or behind another turn: where it goes on with a run that waited. */
  readonly instead: (instead: InsteadOfAsked) => void;
  /** Keeps it as one that goes on without its caller, until it is kept again. */
  readonly outlive: (answer: TurnAnswer, agentId: string) => Promise<void>;
  /** @throws GatewayError `store_unavailable`, `conversation_busy`. */
  readonly keep: (answer: TurnAnswer, agentId: string | null) => Promise<void>;
  /** Lets the next turn of the conversation begin. Safe to call twice, never throws. */
  readonly end: () => Promise<void>;
};

/** What is kept of a turn in place of what was asked. */
export type InsteadOfAsked = {
  readonly input: readonly InputItem[];
  /** The turn that it follows, where the request names none. */
  readonly previousId: string | null;
};

export type OpenTurnDeps = {
  readonly store: TurnStore;
  readonly settings: () => TurnSettings;
  readonly nowMs: () => number;
  /** Since when nobody else takes turns of this store, in Unix milliseconds; null where others may. */
  readonly aloneSinceMs: number | null;
  readonly kept: KeptTurns;
  readonly living: LivingTurns;
  readonly erasures: Pick<Erasures, 'watch'>;
};

export type TurnSettings = {
  /** 0 keeps none. */
  readonly keepDays: number;
  readonly keepMb: number;
  readonly concurrentTurns: 'wait' | 'refuse';
};

export type TurnAsked = {
  readonly owner: Owner;
  readonly wanted: TurnWanted;
  readonly items: readonly InputItem[];
  /** Aborted when the caller leaves. */
  readonly signal: AbortSignal;
};

/** Opens a turn. @throws GatewayError `record_not_found`, `conversation_busy`, `invalid_value`, `context_too_long`. */
export type OpenTurnOf = (asked: TurnAsked) => Promise<OpenTurn>;
