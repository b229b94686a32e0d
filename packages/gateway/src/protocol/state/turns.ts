import type { InputItem } from '../run.ts';

/** One item of a conversation, under the id by which callers know it. `isOwn` is for the agent alone: its tools are its own. */
export type KeptItem = { readonly id: string; readonly item: InputItem; readonly isOwn?: true };

/** How far a turn is. */
export type TurnStatus =
  | 'queued'
  | 'in_progress'
  | 'completed'
  | 'incomplete'
  | 'failed'
  | 'cancelled';

/** What a caller sent, or an agent said: one step of a conversation. Ids of those that runs made sort by time. */
export type Turn = {
  readonly id: string;
  readonly keyId: string;
  /** For whom of the key's users; null where it forwards none. */
  readonly user: string | null;
  /** Null where no agent has taken part. */
  readonly agentId: string | null;
  /** The turn that it follows. */
  readonly previousId: string | null;
  readonly conversationId: string | null;
  /** Unix milliseconds. */
  readonly createdMs: number;
  readonly status: TurnStatus;
  /** Items that the caller sent, and then those that the agent added. */
  readonly input: readonly KeptItem[];
  readonly output: readonly KeptItem[];
  /** What the caller was answered, in the form that it asked for; null where only the items are kept. */
  readonly answer: string | null;
  /** Until when the gateway of a run that goes on without its caller said so; null for any other. */
  readonly aliveUntilMs: number | null;
  /** The stream of such a run, once it is over; null where it was not streamed. */
  readonly events: string | null;
  /** Of a turn of a session: the hash of all that its caller has seen by its end; null for any other. */
  readonly prefixHash: string | null;
};

/** A line of turns under a name. */
export type Conversation = {
  readonly id: string;
  readonly keyId: string;
  /** As of a turn. */
  readonly user: string | null;
  /** The agent that it is with; null until one has answered. */
  readonly agentId: string | null;
  readonly createdMs: number;
  readonly metadata: Readonly<Record<string, string>>;
  /** The last turn of it. */
  readonly headId: string | null;
};

/** The right to take the next turn of a conversation, for as long as it is renewed. */
export type TurnClaim = { readonly conversationId: string; readonly token: string };

/** What is kept of conversations. Written for batches: a failure of power may take the last of it. */
export type TurnStore = {
  /**
   * Keeps a turn, in place of what was kept under its id. With a claim it becomes the last one of the conversation.
   *
   * @returns False where its conversation is no more, or the claim; nothing is kept then.
   */
  put(turn: Turn, claim?: TurnClaim): Promise<boolean>;
  /** The same for a turn that is kept already: one that was removed meanwhile stays away. @returns False for it too. */
  replace(turn: Turn, claim?: TurnClaim): Promise<boolean>;
  find(id: string): Promise<Turn | null>;
  /** Says that the runs of these go on. */
  renew(ids: readonly string[], aliveUntilMs: number): Promise<void>;
  /**
   * The items of a turn and of those before it, oldest first; what is gone of them is left out.
   *
   * @param most - Turns, and letters of their items as JSON.
   * @returns Null where they are more.
   */
  line(
    id: string,
    most: { readonly turns: number; readonly letters: number },
  ): Promise<readonly KeptItem[] | null>;
  /** Removes a turn; one of a conversation keeps its items, without the answer. @returns False where there is none. */
  remove(id: string): Promise<boolean>;
  readonly conversations: ConversationStore;
  /**
   * Removes what was last used before a time, and the oldest beyond so many bytes; not what runs are still to answer.
   *
   * @returns How many turns.
   */
  prune(limits: {
    readonly beforeMs: number;
    readonly keepBytes: number;
    readonly nowMs: number;
  }): Promise<number>;
};

export type ConversationStore = {
  /** Where there is one of this id, it stays as it is. */
  create(conversation: Conversation): Promise<void>;
  find(id: string): Promise<Conversation | null>;
  /** @returns False where there is none. */
  update(id: string, metadata: Conversation['metadata']): Promise<boolean>;
  /** Removes it with its turns. @returns False where there is none. */
  remove(id: string): Promise<boolean>;
  /** Claims the next turn until then; renews a claim of the same token. @returns False where another has it. */
  claim(
    claim: TurnClaim,
    times: { readonly nowMs: number; readonly untilMs: number },
  ): Promise<boolean>;
  release(claim: TurnClaim): Promise<void>;
  /** The turns of a conversation that end with one of these hashes, the newest for each: their ids by hash. */
  endingWith(id: string, hashes: readonly string[]): Promise<ReadonlyMap<string, string>>;
  /** Removes one item. @returns False where there is none. */
  removeItem(id: string, itemId: string): Promise<boolean>;
};
