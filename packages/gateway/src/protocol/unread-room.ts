const MIB = 1024 * 1024;

/** What may wait for readers in this process. */
export type UnreadLimits = { readonly ofOwnerBytes: number; readonly ofAllBytes: number };

/** An owner that means well has a few MiB; four that do not fill what a small machine bears. */
const unreadLimits: UnreadLimits = { ofOwnerBytes: 64 * MIB, ofAllBytes: 256 * MIB };

/**
 * What waits: `model_answer` for the worker that asked a model, `run_events` for a caller of a run, `whole_answer` for one
 * who wants it whole, `page` for one who asked another route. `question` is what a worker asks and has no answer to yet.
 */
export type UnreadKind = 'model_answer' | 'run_events' | 'whole_answer' | 'page' | 'question';

/** Whose it is: an agent's, or that of the key that asked where no agent answers. */
export type UnreadOwner = { readonly agentId: string } | { readonly keyId: string };

/** One thing that may wait for its reader. */
export type Unread = {
  /** Tells how many bytes of it wait now. False, with nothing changed, where there is no room for so many. */
  readonly set: (bytes: number) => boolean;
  /** It is ended because there was no room. */
  readonly refused: () => void;
  /** Gives all of it back, for good. */
  readonly release: () => void;
};

/** Room for all that somebody does not read. */
export type UnreadRoom = {
  readonly hold: (owner: UnreadOwner, kind: UnreadKind) => Unread;
  readonly heldBytes: () => number;
};

/**
 * Bounds the bytes that wait for readers: of each owner, and in all. No owner holds more than it leaves free, so that
 * however many take what they can get, there is room for the small answers of the others.
 */
export function createUnreadRoom(
  onRefused: (owner: UnreadOwner, kind: UnreadKind) => void,
  limits: UnreadLimits = unreadLimits,
): UnreadRoom {
  const shares = new Map<string, Share>();
  let heldBytes = 0;
  return {
    heldBytes: () => heldBytes,
    hold(owner, kind) {
      const name = 'agentId' in owner ? `agent ${owner.agentId}` : `key ${owner.keyId}`;
      const share = shares.get(name) ?? { bytes: 0, holders: 0 };
      shares.set(name, share);
      share.holders += 1;
      let own = 0;
      let isOver = false;
      const fits = (more: number) =>
        share.bytes + more <= limits.ofOwnerBytes &&
        share.bytes + more <= limits.ofAllBytes - heldBytes - more;
      const book = (more: number) => {
        own += more;
        share.bytes += more;
        heldBytes += more;
      };
      return {
        set(bytes) {
          const more = bytes - own;
          if (more === 0 || isOver) return true;
          if (more > 0 && !fits(more)) return false;
          book(more);
          return true;
        },
        refused: () => onRefused(owner, kind),
        release() {
          if (isOver) return;
          isOver = true;
          book(-own);
          share.holders -= 1;
          if (share.holders === 0) shares.delete(name);
        },
      };
    },
  };
}

type Share = { bytes: number; holders: number };
