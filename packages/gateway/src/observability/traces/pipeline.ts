import type { Tracer } from '@opentelemetry/api';
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-http';
import { defaultResource, resourceFromAttributes } from '@opentelemetry/resources';
import {
  AlwaysOffSampler,
  AlwaysOnSampler,
  BatchSpanProcessor,
  type IdGenerator,
  ParentBasedSampler,
  RandomIdGenerator,
  type Sampler,
  type SpanExporter,
  type SpanProcessor,
  TraceIdRatioBasedSampler,
  TracerProvider,
} from '@opentelemetry/sdk-trace';
import type { TracingSettings } from '../../protocol/trace.ts';

/** What became of spans: so many went to the collector, and so many were lost since it was last told. */
export type Exported = {
  readonly sent: number;
  readonly dropped: number;
  /** Why they were not taken; null where they were. */
  readonly error: string | null;
};

/** Where finished spans go. */
export type Pipeline = {
  readonly tracer: Tracer;
  /** The next span that begins has this id. */
  readonly nameNext: (spanId: string | null) => void;
  /** Sends what waits and ends. Never rejects. */
  readonly close: () => Promise<void>;
};

/** Spans of one request to the collector. */
const BATCH_SPANS = 512;

/** Longest text of one attribute. */
const MAX_TEXT = 64 * 1024;

/** How long the end of a gateway waits for the collector. */
const CLOSE_TIMEOUT_MS = 3000;

/** Makes the way to a collector. Nothing is sent before the first span has ended. */
export function createPipeline(
  settings: TracingSettings,
  options: { readonly version: string; readonly onExported: (exported: Exported) => void },
): Pipeline {
  const { url, headers, timeoutMs } = settings;
  const exporter = new OTLPTraceExporter({ url, headers, timeoutMillis: timeoutMs });
  const ids = createIds();
  const provider = new TracerProvider({
    resource: resourceOf(settings, options.version),
    sampler: samplerOf(settings),
    spanLimits: { attributeValueLengthLimit: MAX_TEXT },
    idGenerator: ids.generator,
    spanProcessors: [createQueue(settings, exporter, options.onExported)],
  });
  return {
    tracer: provider.getTracer('dropgate', options.version),
    nameNext: ids.nameNext,
    async close() {
      const limit = Promise.withResolvers<void>();
      const timer = setTimeout(limit.resolve, CLOSE_TIMEOUT_MS);
      // What is lost was counted when it was.
      await Promise.race([provider.shutdown().catch(() => undefined), limit.promise]);
      clearTimeout(timer);
    },
  };
}

/** Others were told of a span's id before it begins here. */
function createIds() {
  const random = new RandomIdGenerator();
  let next: string | null = null;
  const generator: IdGenerator = {
    generateTraceId: random.generateTraceId,
    generateSpanId() {
      const spanId = next ?? random.generateSpanId();
      next = null;
      return spanId;
    },
  };
  return {
    generator,
    nameNext(spanId: string | null) {
      next = spanId;
    },
  };
}

function resourceOf({ serviceName, resource }: TracingSettings, version: string) {
  return defaultResource().merge(
    resourceFromAttributes({
      'service.version': version,
      ...resource,
      'service.name': serviceName,
    }),
  );
}

function samplerOf({ sampler: { ratio, followsParent } }: TracingSettings): Sampler {
  const root =
    ratio === 0
      ? new AlwaysOffSampler()
      : ratio === 1
        ? new AlwaysOnSampler()
        : new TraceIdRatioBasedSampler(ratio);
  return followsParent ? new ParentBasedSampler({ root }) : root;
}

/**
 * The library's batches, with a count of what is lost: it drops what is too much, or what the collector does not take,
 * and tells nobody.
 */
function createQueue(
  { delayMs, maxWaiting }: TracingSettings,
  exporter: SpanExporter,
  onExported: (exported: Exported) => void,
): SpanProcessor {
  let waiting = 0;
  let dropped = 0;
  const counted: SpanExporter = {
    export(spans, onResult) {
      waiting -= spans.length;
      exporter.export(spans, (result) => {
        const isSent = result.code === 0;
        const lost = dropped + (isSent ? 0 : spans.length);
        dropped = 0;
        const error = isSent ? null : (result.error?.message ?? 'The collector did not take them.');
        onExported({ sent: isSent ? spans.length : 0, dropped: lost, error });
        onResult(result);
      });
    },
    shutdown: () => exporter.shutdown(),
  };
  const batches = new BatchSpanProcessor({
    exporter: counted,
    scheduledDelayMillis: delayMs,
    maxQueueSize: maxWaiting,
    maxExportBatchSize: Math.min(BATCH_SPANS, maxWaiting),
  });
  return {
    onStart: (span, context) => batches.onStart(span, context),
    onEnd(span) {
      if (waiting >= maxWaiting) {
        dropped += 1;
        return;
      }
      waiting += 1;
      batches.onEnd(span);
    },
    forceFlush: () => batches.forceFlush(),
    shutdown: () => batches.shutdown(),
  };
}
