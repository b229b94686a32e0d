/** Keeps the bytes of an answer for whoever records them. */
export type AnswerTap = {
  readonly add: (chunk: Buffer) => void;
  /** All of it; null where it was too long to keep. */
  readonly taken: () => readonly Buffer[] | null;
};

/** Longer answers are not kept. */
const MAX_KEPT_BYTES = 4 * 1024 * 1024;

export function createAnswerTap(): AnswerTap {
  let chunks: Buffer[] | null = [];
  let bytes = 0;
  return {
    add(chunk) {
      bytes += chunk.length;
      if (bytes > MAX_KEPT_BYTES) chunks = null;
      chunks?.push(chunk);
    },
    taken: () => chunks,
  };
}
