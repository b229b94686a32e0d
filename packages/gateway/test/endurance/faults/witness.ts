/** How a call of a caller ended. */
export type CallEnd =
  | { readonly type: 'right' }
  /** An error that was told, in the answer or in its stream; `status` only of the former. */
  | { readonly type: 'error'; readonly code: string | null; readonly status?: number }
  /** The connection was refused, or ended without the end of the answer. */
  | { readonly type: 'cut'; readonly why: string }
  | { readonly type: 'wrong'; readonly what: string };

type Span = { readonly fromMs: number; untilMs: number };

/** A call that ended, or a fault. Times are of `performance.now()`. */
export type SeenCall = { readonly who: string; readonly span: Span; readonly end: CallEnd };
export type SeenFault = { readonly kind: string; detail: string; readonly span: Span };

/** Sees what is done and what comes of it, and says what must not have been. */
export type Witness = {
  /** Takes a call that ended now, and judges it. */
  readonly saw: (who: string, fromMs: number, end: CallEnd) => void;
  /** Something that must never be. */
  readonly accuse: (what: string) => void;
  /** A fault begins; the returned function ends it. */
  readonly fault: (kind: string) => { detail: (text: string) => void; over: () => void };
  /** There is no gateway from now on, until the returned function is called. */
  readonly down: () => () => void;
  /** Errors may be told from now on, until the returned function is called. */
  readonly disturb: () => () => void;
  /** Whether the gateway was away, or errors allowed, at any time since then. */
  readonly wasDownSince: (fromMs: number) => boolean;
  readonly isDisturbedSince: (fromMs: number) => boolean;
  /** Moments at which a gateway was killed. */
  readonly kills: () => readonly number[];
  readonly calls: readonly SeenCall[];
  readonly faults: readonly SeenFault[];
  readonly wrongs: readonly string[];
};

/** @param isDocumented - Whether callers may be told of such a failure. */
export function createWitness(
  isDocumented: (code: string | null, status?: number) => boolean,
): Witness {
  const calls: SeenCall[] = [];
  const faults: SeenFault[] = [];
  const wrongs: string[] = [];
  const downs: Span[] = [];
  const disturbances: Span[] = [];
  const begin = (spans: Span[]) => {
    const span = { fromMs: performance.now(), untilMs: Number.POSITIVE_INFINITY };
    spans.push(span);
    return () => {
      span.untilMs = performance.now();
    };
  };
  const anySince = (spans: readonly Span[]) => (fromMs: number) =>
    spans.some(({ untilMs }) => untilMs >= fromMs);
  const wasDownSince = anySince(downs);
  const isDisturbedSince = anySince(disturbances);
  const accuse = (what: string) => void wrongs.push(`${seconds(performance.now())} ${what}`);

  const judge = (fromMs: number, end: CallEnd): string | null => {
    if (end.type === 'right') return null;
    if (end.type === 'wrong') return end.what;
    if (end.type === 'cut') return wasDownSince(fromMs) ? null : `cut: ${end.why}`;
    const told = `${end.status ?? 'in the stream'} ${end.code}`;
    if (!isDocumented(end.code, end.status)) return `an error that no page names: ${told}`;
    return isDisturbedSince(fromMs) ? null : `an error while nothing was wrong: ${told}`;
  };
  return {
    saw(who, fromMs, end) {
      calls.push({ who, span: { fromMs, untilMs: performance.now() }, end });
      const wrong = judge(fromMs, end);
      if (wrong) accuse(`${who}: ${wrong}`);
    },
    accuse,
    fault(kind) {
      const spans: Span[] = [];
      const over = begin(spans);
      const seen = { kind, detail: '', span: spans[0] as Span };
      faults.push(seen);
      return {
        detail(text) {
          seen.detail = text;
        },
        over,
      };
    },
    down: () => begin(downs),
    disturb: () => begin(disturbances),
    wasDownSince,
    isDisturbedSince,
    kills: () => downs.map(({ fromMs }) => fromMs),
    calls,
    faults,
    wrongs,
  };
}

export function seconds(ms: number): string {
  return `${(ms / 1000).toFixed(1)} s`;
}
