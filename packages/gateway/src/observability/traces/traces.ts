import {
  type Context,
  ROOT_CONTEXT,
  type Span,
  SpanStatusCode,
  TraceFlags,
  trace,
} from '@opentelemetry/api';
import type { Emit, EventOf, GatewayEvent } from '../../events.ts';
import type { RunTrace, TracingSettings } from '../../protocol/trace.ts';
import { type NewStep, toStep } from '../journal/to-step.ts';
import { contentsOf, outputMessages } from './contents.ts';
import { createPipeline, type Exported, type Pipeline } from './pipeline.ts';
import { type AddressOf, runEnd, runSpan, type SpanForm, stepSpan } from './spans.ts';

export type TracesDeps = {
  readonly settings: TracingSettings;
  /** Of the gateway. */
  readonly version: string;
  readonly addressOf: AddressOf;
  /** Takes secrets out of a text that an agent's module said or caused. */
  readonly redact: (agentId: string) => (text: string) => string;
  readonly emit: Emit;
};

/** Traces: of each run one, of its steps spans. */
export type Traces = {
  readonly listener: (event: GatewayEvent) => void;
  /** The span of a run that goes on, for those it asks. */
  readonly traceOf: (runId: string) => RunTrace | undefined;
  /** Sends what waits, for 3 s at most. Never rejects. */
  readonly close: () => Promise<void>;
};

/** Runs that are followed at once; those beyond make no spans. */
const MAX_RUNS = 10_000;

type TracedRun = {
  readonly agentId: string;
  readonly span: Span;
  /** What its steps are children of. */
  readonly context: Context;
  readonly trace: RunTrace;
  /** What it said, where that is recorded. */
  said: string;
  calls: number;
};

/** The steps that the journal keeps, as spans. This file and what it imports are read only where traces are made. */
export function createTraces(deps: TracesDeps): Traces {
  const { settings, redact, addressOf, emit } = deps;
  const pipeline = createPipeline(settings, { ...deps, onExported: tellExports(emit) });
  const runs = new Map<string, TracedRun>();

  const end = (run: TracedRun, event: EventOf<'run_ended'>) => {
    const { span } = run;
    runs.delete(event.runId);
    span.setAttributes({ ...runEnd(event), ...outputMessages(run.said) });
    if (event.outcome === 'failed')
      span.setStatus({ code: SpanStatusCode.ERROR, message: event.code ?? '' });
    span.end(nowMs());
  };
  const add = (run: TracedRun, step: NewStep) => {
    if (!run.trace.hasSpans) return;
    const hide = redact(run.agentId);
    const made = step.make(run.calls, () => null);
    if (made.kind === 'model_call') run.calls += 1;
    const held = settings.contents ? contentsOf(step, hide) : null;
    if (held && run.said.length < MAX_SAID) run.said += held.text;
    const form = stepSpan(made, { isStreamed: step.isStreamed(), hide, addressOf });
    if (form) write(pipeline, run, { form, step, contents: held?.attributes ?? {} });
  };

  return {
    listener(event) {
      if (event.type === 'run_started') {
        if (runs.size < MAX_RUNS) runs.set(event.runId, begin(pipeline, event));
        return;
      }
      if (runs.size === 0) return;
      const step = toStep(event);
      const runId = step?.runId ?? (event.type === 'run_ended' ? event.runId : null);
      const run = runId === null ? undefined : runs.get(runId);
      if (!run) return;
      if (step) add(run, step);
      if (event.type === 'run_ended') end(run, event);
    },
    traceOf: (runId) => runs.get(runId)?.trace,
    close: pipeline.close,
  };
}

/** Letters of what a run said that are kept until it ends. */
const MAX_SAID = 64 * 1024;

function begin({ tracer }: Pipeline, event: EventOf<'run_started'>): TracedRun {
  const { name, kind, attributes } = runSpan(event);
  const parent = parentOf(event.traceparent);
  const span = tracer.startSpan(name, { kind, attributes, startTime: nowMs() }, parent);
  const { traceId, spanId, traceFlags } = span.spanContext();
  const hasSpans = (traceFlags & TraceFlags.SAMPLED) !== 0;
  return {
    agentId: event.agentId,
    span,
    context: trace.setSpan(ROOT_CONTEXT, span),
    trace: { traceparent: `00-${traceId}-${spanId}-${hasSpans ? '01' : '00'}`, hasSpans },
    said: '',
    calls: 0,
  };
}

/** Checked when its request came. */
function parentOf(traceparent: string | null): Context {
  if (traceparent === null) return ROOT_CONTEXT;
  const [, traceId = '', spanId = '', flags = ''] = traceparent.split('-');
  const traceFlags = Number.parseInt(flags, 16) & TraceFlags.SAMPLED;
  return trace.setSpanContext(ROOT_CONTEXT, { traceId, spanId, traceFlags, isRemote: true });
}

type Written = {
  readonly form: SpanForm;
  readonly step: NewStep;
  readonly contents: SpanForm['attributes'];
};

/** Steps are told of when they are over. */
function write(
  { tracer, nameNext }: Pipeline,
  run: TracedRun,
  { form, step, contents }: Written,
): void {
  const { name, kind, errorType, message } = form;
  const endTime = nowMs() - step.agoMs;
  const startTime = endTime - (step.durationMs ?? 0);
  const failed = errorType === null ? {} : { 'error.type': errorType };
  const attributes = { ...form.attributes, ...failed, ...contents };
  nameNext(step.spanId);
  const span = tracer.startSpan(name, { kind, attributes, startTime }, run.context);
  if (errorType !== null) {
    span.setStatus(
      message === undefined
        ? { code: SpanStatusCode.ERROR }
        : { code: SpanStatusCode.ERROR, message },
    );
  }
  span.end(endTime);
}

/** Unix time with parts of milliseconds, of the clock that durations are measured by. */
function nowMs(): number {
  return performance.timeOrigin + performance.now();
}

/** Says when a collector fails and when it is there again, once each. */
function tellExports(emit: Emit): (exported: Exported) => void {
  let isFailing = false;
  return ({ sent, dropped, error }) => {
    const hasFailed = error !== null;
    const change = hasFailed === isFailing ? null : hasFailed ? 'failing' : 'recovered';
    isFailing = hasFailed;
    emit({ type: 'spans_exported', sent, dropped, change, error });
  };
}
