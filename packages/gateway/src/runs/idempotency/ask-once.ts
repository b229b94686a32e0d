import { createHash } from 'node:crypto';
import { setTimeout as wait } from 'node:timers/promises';
import type {
  IdempotencyStore,
  IdempotentRequest,
  KeptReply,
} from '../../protocol/state/idempotency.ts';
import {
  keyReused,
  outcomeUnknown,
  stillRunning,
} from '../../protocol/state/idempotency-failures.ts';
import type { LivingTurns } from '../turns/living-turns.ts';

/** A request that its sender named by a key of its own, so that a repeat of it is known as one. */
export type AskedOnce = {
  readonly keyId: string;
  /** The user whom its key forwards; null where it names none. */
  readonly user: string | null;
  /** What was asked for: the same for each address of it. */
  readonly route: string;
  /** As the sender says it. */
  readonly name: string;
  /** SHA-256 of all that it asks for. */
  readonly bodyHash: string;
  readonly requestId: string;
};

/** The right to answer a request, for as long as this process lives. None of it throws but where the store is away. */
export type RequestClaim = {
  /** Keeps what it was answered: repeats get the same. */
  readonly keep: (reply: KeptReply) => Promise<void>;
  /** Forgets it, answered or not: a repeat is a first request. */
  readonly drop: () => Promise<void>;
  /** Whether somebody waits for the answer at another gateway. */
  readonly isWanted: () => Promise<boolean>;
  /** It is over in this process. What was neither kept nor dropped has an end that nobody knows. */
  readonly end: () => void;
};

export type OpenedRequest =
  | { readonly type: 'first'; readonly claim: RequestClaim }
  | {
      readonly type: 'answered';
      /** Of the first request. */
      readonly requestId: string;
      readonly reply: KeptReply;
      readonly forget: () => Promise<void>;
    };

export type AskOnce = {
  /** Whether repeats are known at all. */
  readonly isOn: () => boolean;
  readonly idOf: (asked: AskedOnce) => string;
  /**
   * Finds what the same request was answered, or takes the right to answer it. Waits for one that another gateway answers.
   *
   * @param signal - Aborted when nobody waits any more.
   * @throws GatewayError `idempotency_key_reused`, `run_outcome_unknown`, `request_in_progress`; StoreError.
   */
  readonly open: (asked: AskedOnce, signal: AbortSignal) => Promise<OpenedRequest>;
};

export type AskOnceDeps = {
  readonly store: IdempotencyStore;
  /** Whether other gateways use it too. */
  readonly isShared: boolean;
  /** A name of this process that no other ever had. */
  readonly holder: string;
  readonly living: LivingTurns;
  /** How long a request is known; 0 for not at all. */
  readonly keepMs: () => number;
  /** Told of bytes that were kept. */
  readonly onKept: (bytes: number) => void;
  readonly nowMs: () => number;
};

/** How long a repeat waits for another gateway: below the 300 s after which clients on Node give up by themselves. */
const PATIENCE_MS = 240_000;

/** How long one that waits counts as waiting without saying so, and how often it does. */
const WANTED_MS = 20_000;
const WANT_EVERY_MS = 5000;

const MIB = 1024 * 1024;

/** Longest body of an answer that is kept, in characters. */
const LONGEST_REPLY = 4 * MIB;

const answerTooLong = `The first request with this Idempotency-Key was answered, and its answer is too long to be kept (above ${LONGEST_REPLY / MIB} MiB).`;

const gatewayGone =
  'The gateway that answered the first request with this Idempotency-Key ended before its run did. What its tools did until then is done.';

export function createAskOnce(deps: AskOnceDeps): AskOnce {
  return {
    isOn: () => deps.keepMs() > 0,
    idOf,
    async open(asked, signal) {
      const id = idOf(asked);
      const startedMs = deps.nowMs();
      let wantedMs = 0;
      for (let pauseMs = 20; ; pauseMs = Math.min(pauseMs * 2, 500)) {
        const found = await begin(deps, id, asked);
        if (found === null) return { type: 'first', claim: claimOf(deps, id) };
        if (found.bodyHash !== asked.bodyHash) throw keyReused();
        if (found.reply) return answered(deps, found, found.reply);
        if (isLost(deps, found)) throw outcomeUnknown(gatewayGone);
        const now = deps.nowMs();
        if (signal.aborted || now - startedMs > PATIENCE_MS) throw stillRunning();
        if (now - wantedMs > WANT_EVERY_MS) {
          wantedMs = now;
          await deps.store.want(id, now + WANTED_MS);
        }
        await wait(pauseMs);
      }
    },
  };
}

function idOf({ keyId, user, route, name }: AskedOnce): string {
  return sha256(JSON.stringify([keyId, route, name, ...(user === null ? [] : [user])]));
}

async function begin(
  { store, holder, living, keepMs, nowMs }: AskOnceDeps,
  id: string,
  { keyId, user, bodyHash, requestId }: AskedOnce,
): Promise<IdempotentRequest | null> {
  const createdMs = nowMs();
  // Before it is there, so that nobody takes it for lost.
  const aliveUntilMs = living.add(id);
  const request = { id, keyId, user, bodyHash, requestId, createdMs, holder, aliveUntilMs };
  let found: IdempotentRequest | null | undefined;
  try {
    found = await store.begin(request, createdMs - keepMs());
    return found;
  } finally {
    if (found !== null) living.remove(id);
  }
}

function claimOf({ store, holder, living, onKept, nowMs }: AskOnceDeps, id: string): RequestClaim {
  return {
    async keep(reply) {
      const kept = reply.body.length > LONGEST_REPLY ? tooLong(reply) : reply;
      await store.keep(id, holder, kept);
      onKept(kept.body.length);
    },
    drop: () => store.drop(id, holder),
    async isWanted() {
      const found = await store.find(id);
      return found !== null && found.wantedUntilMs > nowMs();
    },
    end: () => living.remove(id),
  };
}

function answered(
  { store }: AskOnceDeps,
  { id, holder, requestId }: IdempotentRequest,
  reply: KeptReply,
): OpenedRequest {
  if (reply.form === 'unknown') throw outcomeUnknown(reply.body);
  return { type: 'answered', requestId, reply, forget: () => store.drop(id, holder) };
}

function tooLong({ status }: KeptReply): KeptReply {
  return { form: 'unknown', status, headers: {}, body: answerTooLong };
}

/** Of a gateway that is gone, or of this one where it could not keep what came of it. */
function isLost(
  { holder, isShared, living, nowMs }: AskOnceDeps,
  request: IdempotentRequest,
): boolean {
  if (request.holder === holder) return !living.has(request.id);
  return !isShared || (request.aliveUntilMs ?? 0) < nowMs();
}

function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}
