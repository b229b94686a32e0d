import { randomBytes } from 'node:crypto';

/** The trace that a run is part of. */
export type RunTrace = {
  /** In the form of W3C Trace Context: what its request named, or the run's own span. */
  readonly traceparent: string;
  /** Whether what the run asks of others is recorded, each with a span of its own. */
  readonly hasSpans: boolean;
};

/** One thing that a run asks of others: what it names to them, and its span where there is one. */
export type CallTrace = {
  readonly traceparent?: string;
  /** 16 hexadecimal digits. */
  readonly spanId: string | null;
};

/** A call of a run: a span of its own where spans are recorded, else what the run itself is named by. */
export function callTrace(run: RunTrace | undefined): CallTrace {
  if (!run) return { spanId: null };
  const { traceparent, hasSpans } = run;
  if (!hasSpans) return { traceparent, spanId: null };
  const spanId = randomBytes(8).toString('hex');
  return { traceparent: withSpan(traceparent, spanId), spanId };
}

const SPAN_AT = '00-'.length + 32 + '-'.length;

function withSpan(traceparent: string, spanId: string): string {
  return traceparent.slice(0, SPAN_AT) + spanId + traceparent.slice(SPAN_AT + spanId.length);
}

/** Where traces go, and what of them. */
export type TracingSettings = {
  /** Of a collector that takes OTLP over HTTP, with its path. */
  readonly url: string;
  /** Sent with each request; they may be secrets. */
  readonly headers: Readonly<Record<string, string>>;
  /** How long one request to it may take, repeated ones included. */
  readonly timeoutMs: number;
  readonly serviceName: string;
  /** What is said of this gateway beside its name. */
  readonly resource: Readonly<Record<string, string>>;
  readonly sampler: {
    /** Which traces that begin here are recorded: this share of them. */
    readonly ratio: number;
    /** Whether a trace that began elsewhere is recorded where it is recorded there. */
    readonly followsParent: boolean;
  };
  /** Whether spans hold what models and tools are asked and answer. */
  readonly contents: boolean;
  /** How long finished spans wait for others. */
  readonly delayMs: number;
  /** Finished spans that wait at most; what comes then is dropped. */
  readonly maxWaiting: number;
};
