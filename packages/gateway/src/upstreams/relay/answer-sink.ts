/** Headers of an answer, names in small letters. */
export type AnswerHeaders = Readonly<Record<string, string | string[]>>;

/** Where the answer to one call goes: over a connection, or over the channel of the worker that asked. */
export type AnswerSink = {
  /** Whether the worker has a head, or is gone: it can be told nothing else. */
  readonly hasBegun: () => boolean;
  /** To be given once, before anything else. */
  readonly head: (status: number, headers: AnswerHeaders) => void;
  /** False where the worker is to be waited for, until `onceDrained` calls back. */
  readonly write: (bytes: Buffer) => boolean;
  readonly onceDrained: (callback: () => void) => void;
  readonly end: (bytes?: Buffer) => void;
  /** Breaks the answer off: a clean end would count as success. */
  readonly cut: () => void;
};
