/** Variables of OpenTelemetry that are read, by what they say; `read-tracing.ts` reads them. */
const meanings = {
  OTEL_EXPORTER_OTLP_ENDPOINT:
    'Collector that traces are sent to, by OTLP over HTTP, below its path `/v1/traces`. Without it and the next none are made.',
  OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: 'The same with its whole path, for traces alone.',
  OTEL_EXPORTER_OTLP_HEADERS: 'Headers of what is sent there: `name=value,…`, values URL-encoded.',
  OTEL_EXPORTER_OTLP_TRACES_HEADERS: 'The same for traces alone.',
  OTEL_EXPORTER_OTLP_TIMEOUT: 'How long sending may take, in milliseconds; 10,000 without it.',
  OTEL_EXPORTER_OTLP_PROTOCOL: 'Only `http/json` is spoken; any other is told of at the start.',
  OTEL_SERVICE_NAME: 'Name of this gateway in traces; `dropgate` without it.',
  OTEL_RESOURCE_ATTRIBUTES: 'What else traces say of it: `name=value,…`, values URL-encoded.',
  OTEL_TRACES_SAMPLER:
    '`always_on`, `always_off`, `traceidratio`, each also with `parentbased_` before it: which traces are recorded. `parentbased_always_on` without it.',
  OTEL_TRACES_SAMPLER_ARG: 'Share of traces for `traceidratio`, from 0 to 1.',
  OTEL_TRACES_EXPORTER: '`none` switches traces off.',
  OTEL_SDK_DISABLED: '`true` switches traces off.',
  OTEL_BSP_SCHEDULE_DELAY:
    'How long finished spans wait for others, in milliseconds; 5,000 without it.',
  OTEL_BSP_MAX_QUEUE_SIZE: 'Finished spans that wait at most; 2,048 without it.',
  OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT:
    '`true` or `SPAN_ONLY`: spans hold what models and tools are asked and answer, without known secrets. Off without it.',
} as const;

export type OtelVariable = keyof typeof meanings;

/** As lines of the table of variables. */
export const otelVariables = Object.entries(meanings).map(([name, description]) => ({
  name,
  setting: null,
  form: 'text' as const,
  description,
}));
