import type { UpstreamInfo, UpstreamStatus } from '../protocol/admin/upstreams-answer.ts';
import type { UpstreamHealth, UpstreamRecord } from './health/upstream-health.ts';
import { announcedShutdown } from './models/announced-retirements.ts';
import type { ModelListing } from './models/list-models.ts';
import type { RemoteUpstream } from './upstream.ts';
import { describeUpstreams, type UpstreamCatalog } from './upstream-catalog.ts';

/** As many models of one server are shown; some list thousands. */
const MOST_MODELS = 500;

type StatusDeps = {
  readonly current: () => UpstreamCatalog;
  readonly health: Pick<UpstreamHealth, 'of'>;
  readonly listingOf: (upstream: RemoteUpstream) => Promise<ModelListing>;
  /** Ids of the agents that use each upstream, by its name. */
  readonly users: () => ReadonlyMap<string, readonly string[]>;
  readonly redact: (text: string) => string;
};

/** Tells of each upstream how it is, in their order; each is asked for its models meanwhile. Never rejects. */
export function createUpstreamStatus(deps: StatusDeps): () => Promise<UpstreamStatus[]> {
  return async () => {
    const catalog = deps.current();
    const users = deps.users();
    return Promise.all(
      describeUpstreams(catalog).map(async (info) => {
        const upstream = catalog.upstreams.get(info.name);
        const used = { used_by: [...(users.get(info.name) ?? [])] };
        return upstream?.type === 'remote'
          ? { ...(await remoteStatus(info, upstream, deps)), ...used }
          : { ...demoStatus(info), ...used };
      }),
    );
  };
}

/** It is part of the gateway. */
function demoStatus(info: UpstreamInfo): Omit<UpstreamStatus, 'used_by'> {
  return {
    ...info,
    fallback: null,
    reachable: true,
    problem: null,
    last_error: null,
    latency_ms: null,
    breaker: { state: 'closed', failures_in_row: 0, retry_at: null },
    limited_models: [],
    models: null,
  };
}

async function remoteStatus(
  info: UpstreamInfo,
  upstream: RemoteUpstream,
  { health, listingOf, redact }: StatusDeps,
): Promise<Omit<UpstreamStatus, 'used_by'>> {
  const listing = await listingOf(upstream);
  const record = health.of(upstream);
  const { lastError = null, retryAtMs = null } = record ?? {};
  const problem = problemOf(listing, upstream);
  return {
    ...info,
    fallback: upstream.fallback,
    reachable: listing.type !== 'unreachable',
    problem: problem === null ? null : redact(problem),
    last_error:
      lastError === null ? null : { at: isoOf(lastError.atMs), message: redact(lastError.message) },
    latency_ms: latencyOf(record),
    breaker: {
      state: record?.state ?? 'closed',
      failures_in_row: record?.failures ?? 0,
      retry_at: retryAtMs === null ? null : isoOf(retryAtMs),
    },
    limited_models: (record?.limits ?? []).map(({ model, untilMs }) => ({
      model,
      until: isoOf(untilMs),
    })),
    models: listing.type === 'listed' ? modelsOf(listing.models, upstream) : null,
  };
}

function problemOf(listing: ModelListing, { apiKey }: RemoteUpstream): string | null {
  switch (listing.type) {
    case 'unreachable':
      return `It cannot be reached (${listing.reason}).`;
    case 'key_refused':
      return apiKey === null
        ? `It wants a key (${listing.status}).`
        : `It does not take the key (${listing.status}).`;
    case 'unlisted':
      return listing.status >= 500 ? `It answers ${listing.status}.` : null;
    case 'listed':
      return null;
    default:
      return listing satisfies never;
  }
}

function latencyOf(record: UpstreamRecord | null): UpstreamStatus['latency_ms'] {
  const sorted = (record?.latenciesMs ?? []).toSorted((a, b) => a - b);
  const at = (part: number) =>
    Math.round((sorted[Math.ceil(sorted.length * part) - 1] ?? 0) * 10) / 10;
  return sorted.length === 0 ? null : { p50: at(0.5), p95: at(0.95) };
}

function modelsOf(
  listed: (ModelListing & { type: 'listed' })['models'],
  { baseUrl }: RemoteUpstream,
): NonNullable<UpstreamStatus['models']> {
  const models = listed.map(({ id, shutdownDate }) => ({
    id,
    shutdown_date: shutdownDate ?? announcedShutdown(baseUrl, id),
  }));
  const endOf = (model: (typeof models)[number]) => model.shutdown_date ?? '9999';
  return models
    .toSorted((a, b) => endOf(a).localeCompare(endOf(b)) || a.id.localeCompare(b.id))
    .slice(0, MOST_MODELS);
}

function isoOf(ms: number): string {
  return new Date(ms).toISOString();
}
