import type { Events } from '../observability/event-emitter.ts';
import type { Secrets } from '../observability/secrets.ts';
import type { Traces } from '../observability/traces/traces.ts';
import type { TracingSettings } from '../protocol/trace.ts';
import type { RemoteUpstream, Upstream } from '../upstreams/upstream.ts';

/** Makes traces where the settings say where they go; their code is read only then. */
export async function openTraces(
  settings: TracingSettings | null,
  deps: {
    readonly events: Events;
    readonly secrets: Secrets;
    readonly version: string;
    readonly upstreams: () => { readonly upstreams: ReadonlyMap<string, Upstream> };
  },
): Promise<Pick<Traces, 'traceOf' | 'close'>> {
  if (!settings) return { traceOf: () => undefined, close: async () => undefined };
  const { createTraces } = await import('../observability/traces/traces.ts');
  const { events, secrets, version, upstreams } = deps;
  const traces = createTraces({
    settings,
    version,
    addressOf: keptAddresses((name) => upstreams().upstreams.get(name)),
    redact: secrets.textOf,
    emit: events.emit,
  });
  events.listen(traces.listener);
  return traces;
}

/** Each address is taken apart once: an upstream with another one is another upstream. */
function keptAddresses(find: (name: string) => Upstream | undefined) {
  const known = new WeakMap<Upstream, ReturnType<typeof addressOf>>();
  return (name: string) => {
    const upstream = find(name);
    if (upstream?.type !== 'remote') return null;
    const address = known.get(upstream) ?? addressOf(upstream);
    known.set(upstream, address);
    return address;
  };
}

function addressOf({ baseUrl }: RemoteUpstream) {
  const { hostname: host, port, protocol } = new URL(baseUrl);
  const usual = protocol === 'https:' ? 443 : 80;
  return { host, port: port === '' ? usual : Number(port) };
}
