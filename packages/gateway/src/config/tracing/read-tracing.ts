import type { TracingSettings } from '../../protocol/trace.ts';
import type { Environment } from '../environment.ts';
import type { OtelVariable } from './otel-variables.ts';

/** What the environment says of traces; null where none are made. What of it is of no use is told, and else ignored. */
export type ReadTracing = {
  readonly tracing: TracingSettings | null;
  readonly notices: readonly string[];
};

/** As OpenTelemetry reads its variables: machines have them for others too, so a wrong one stops nothing. */
export function readTracing(environment: Environment): ReadTracing {
  const notices: string[] = [];
  const textOf = (name: OtelVariable) => environment[name]?.trim() || undefined;
  const url = urlOf(textOf, notices);
  const isOff =
    textOf('OTEL_SDK_DISABLED')?.toLowerCase() === 'true' ||
    textOf('OTEL_TRACES_EXPORTER') === 'none';
  if (url === null || isOff) return { tracing: null, notices: isOff ? [] : notices };
  const number = (name: OtelVariable, otherwise: number, most: number): number => {
    const text = textOf(name);
    if (text === undefined) return otherwise;
    if (/^\d{1,9}$/.test(text) && Number(text) >= 1 && Number(text) <= most) return Number(text);
    notices.push(`${name} is not read: it is no whole number from 1 to ${most}.`);
    return otherwise;
  };
  const pairs = (name: OtelVariable) => readPairs(name, textOf(name), notices);
  const protocol = textOf('OTEL_EXPORTER_OTLP_PROTOCOL');
  if (protocol !== undefined && protocol !== 'http/json') {
    notices.push(
      `OTEL_EXPORTER_OTLP_PROTOCOL is ${protocol}: traces are sent as http/json all the same, mostly to port 4318.`,
    );
  }
  const { 'service.name': named, ...resource } = pairs('OTEL_RESOURCE_ATTRIBUTES');
  const tracing = {
    url,
    headers: {
      ...pairs('OTEL_EXPORTER_OTLP_HEADERS'),
      ...pairs('OTEL_EXPORTER_OTLP_TRACES_HEADERS'),
    },
    timeoutMs: number('OTEL_EXPORTER_OTLP_TIMEOUT', 10_000, 600_000),
    serviceName: textOf('OTEL_SERVICE_NAME') ?? named ?? 'dropgate',
    resource,
    sampler: samplerOf(textOf, notices),
    contents: /^(true|SPAN_ONLY|SPAN_AND_EVENT)$/i.test(
      textOf('OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT') ?? '',
    ),
    delayMs: number('OTEL_BSP_SCHEDULE_DELAY', 5000, 600_000),
    maxWaiting: number('OTEL_BSP_MAX_QUEUE_SIZE', 2048, 1_000_000),
  };
  return { tracing, notices };
}

type TextOf = (name: OtelVariable) => string | undefined;

function urlOf(textOf: TextOf, notices: string[]): string | null {
  const own = textOf('OTEL_EXPORTER_OTLP_TRACES_ENDPOINT');
  const shared = textOf('OTEL_EXPORTER_OTLP_ENDPOINT');
  const given = own ?? shared;
  if (given === undefined) return null;
  const url = URL.parse(given);
  if (url?.protocol !== 'http:' && url?.protocol !== 'https:') {
    const name =
      own === undefined ? 'OTEL_EXPORTER_OTLP_ENDPOINT' : 'OTEL_EXPORTER_OTLP_TRACES_ENDPOINT';
    notices.push(`${name} is not read: it is no http:// or https:// URL. No traces are made.`);
    return null;
  }
  if (own === undefined) url.pathname = `${url.pathname.replace(/\/$/, '')}/v1/traces`;
  return url.href;
}

/** Names that are more than pairs can be, and values that cannot be decoded, make all of them unread: so the rule is. */
function readPairs(
  name: OtelVariable,
  text: string | undefined,
  notices: string[],
): Record<string, string> {
  if (text === undefined) return {};
  try {
    const pairs = text.split(',').filter((pair) => pair.trim() !== '');
    const read = pairs.map((pair) => {
      const at = pair.indexOf('=');
      const key = pair.slice(0, at).trim();
      if (at < 1 || !/^[\w.*!#$%&'^`|~+/-]+$/.test(key)) throw new TypeError('No pair.');
      return [key, decodeURIComponent(pair.slice(at + 1).trim())] as const;
    });
    if (read.some(([, value]) => /[^\t\x20-\x7e\x80-\uffff]/.test(value))) {
      throw new TypeError('No text.');
    }
    return Object.fromEntries(read);
  } catch {
    notices.push(`${name} is not read: it has to be name=value,… with URL-encoded values.`);
    return {};
  }
}

function samplerOf(textOf: TextOf, notices: string[]): TracingSettings['sampler'] {
  const name = textOf('OTEL_TRACES_SAMPLER') ?? 'parentbased_always_on';
  const [, parent, root = ''] =
    /^(parentbased_)?(always_on|always_off|traceidratio)$/.exec(name) ?? [];
  if (root === '') {
    notices.push('OTEL_TRACES_SAMPLER is not read: it names none that there is here.');
    return { ratio: 1, followsParent: true };
  }
  const followsParent = parent !== undefined;
  if (root !== 'traceidratio') return { ratio: root === 'always_on' ? 1 : 0, followsParent };
  const ratio = Number(textOf('OTEL_TRACES_SAMPLER_ARG') ?? 1);
  if (ratio >= 0 && ratio <= 1) return { ratio, followsParent };
  notices.push('OTEL_TRACES_SAMPLER_ARG is not read: it is no number from 0 to 1.');
  return { ratio: 1, followsParent };
}
