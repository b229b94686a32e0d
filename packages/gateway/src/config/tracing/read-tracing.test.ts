import { describe, expect, test } from 'vitest';
import { readTracing } from './read-tracing.ts';

const endpoint = { OTEL_EXPORTER_OTLP_ENDPOINT: 'http://127.0.0.1:4318' };

test('no traces are made without a collector, or where they are switched off', () => {
  for (const environment of [
    {},
    { OTEL_SERVICE_NAME: 'x', OTEL_TRACES_SAMPLER: 'never' },
    { ...endpoint, OTEL_SDK_DISABLED: 'true' },
    { ...endpoint, OTEL_TRACES_EXPORTER: 'none' },
  ]) {
    expect(readTracing(environment)).toEqual({ tracing: null, notices: [] });
  }
});

test('a collector alone is enough', () => {
  expect(readTracing(endpoint)).toEqual({
    tracing: {
      url: 'http://127.0.0.1:4318/v1/traces',
      headers: {},
      timeoutMs: 10_000,
      serviceName: 'dropgate',
      resource: {},
      sampler: { ratio: 1, followsParent: true },
      contents: false,
      delayMs: 5000,
      maxWaiting: 2048,
    },
    notices: [],
  });
});

test('what is set is taken as OpenTelemetry has it', () => {
  const { tracing, notices } = readTracing({
    OTEL_EXPORTER_OTLP_ENDPOINT: 'http://ignored:4318',
    OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: 'https://collector.example.com/otlp/traces',
    OTEL_EXPORTER_OTLP_HEADERS: 'x-tenant=team%20one,authorization=of-all',
    OTEL_EXPORTER_OTLP_TRACES_HEADERS: ' authorization = Bearer%20abc=, ',
    OTEL_EXPORTER_OTLP_PROTOCOL: 'http/json',
    OTEL_RESOURCE_ATTRIBUTES: 'service.name=from-attributes,team=a%2Cb',
    OTEL_TRACES_SAMPLER: 'traceidratio',
    OTEL_TRACES_SAMPLER_ARG: '0.25',
    OTEL_BSP_SCHEDULE_DELAY: '100',
    OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT: 'SPAN_ONLY',
  });
  expect(notices).toEqual([]);
  expect(tracing).toMatchObject({
    url: 'https://collector.example.com/otlp/traces',
    headers: { 'x-tenant': 'team one', authorization: 'Bearer abc=' },
    serviceName: 'from-attributes',
    resource: { team: 'a,b' },
    sampler: { ratio: 0.25, followsParent: false },
    delayMs: 100,
    contents: true,
  });
});

test('the path of a collector stays before that of traces', () => {
  const { tracing } = readTracing({ OTEL_EXPORTER_OTLP_ENDPOINT: 'https://c.example.com/a/?b=1' });
  expect(tracing?.url).toBe('https://c.example.com/a/v1/traces?b=1');
});

describe('what is of no use is told of, and stops nothing', () => {
  test.each([
    [{ OTEL_EXPORTER_OTLP_ENDPOINT: 'collector:4318' }, 'OTEL_EXPORTER_OTLP_ENDPOINT is not read'],
    [{ OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: 'no url' }, 'OTEL_EXPORTER_OTLP_TRACES_ENDPOINT is not'],
    [{ ...endpoint, OTEL_EXPORTER_OTLP_HEADERS: 'no pair' }, 'OTEL_EXPORTER_OTLP_HEADERS is not'],
    [{ ...endpoint, OTEL_EXPORTER_OTLP_HEADERS: 'a=%zz' }, 'OTEL_EXPORTER_OTLP_HEADERS is not'],
    [
      { ...endpoint, OTEL_EXPORTER_OTLP_HEADERS: 'a=b%0d%0ac' },
      'OTEL_EXPORTER_OTLP_HEADERS is not',
    ],
    [{ ...endpoint, OTEL_RESOURCE_ATTRIBUTES: '=x' }, 'OTEL_RESOURCE_ATTRIBUTES is not read'],
    [{ ...endpoint, OTEL_EXPORTER_OTLP_PROTOCOL: 'grpc' }, 'OTEL_EXPORTER_OTLP_PROTOCOL is grpc'],
    [{ ...endpoint, OTEL_TRACES_SAMPLER: 'jaeger_remote' }, 'OTEL_TRACES_SAMPLER is not read'],
    [
      { ...endpoint, OTEL_TRACES_SAMPLER: 'traceidratio', OTEL_TRACES_SAMPLER_ARG: '2' },
      'OTEL_TRACES_SAMPLER_ARG is not read',
    ],
    [{ ...endpoint, OTEL_EXPORTER_OTLP_TIMEOUT: '-1' }, 'OTEL_EXPORTER_OTLP_TIMEOUT is not read'],
    [{ ...endpoint, OTEL_BSP_MAX_QUEUE_SIZE: '0' }, 'OTEL_BSP_MAX_QUEUE_SIZE is not read'],
  ])('%j', (environment, notice) => {
    const { notices } = readTracing(environment);
    expect(notices).toEqual([expect.stringContaining(notice)]);
  });
});
