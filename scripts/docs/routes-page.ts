import { z } from 'zod';
import type { HttpDeps } from '../../packages/gateway/src/http/deps.ts';
import type { Access, Route } from '../../packages/gateway/src/http/route.ts';
import { listRoutes } from '../../packages/gateway/src/http/routes.ts';
import { code, pageHead, table } from './markdown.ts';

const opens: Readonly<Record<Access, string>> = {
  public: 'nobody needs a key',
  caller: 'any key',
  admin: 'an admin’s key',
  metrics: 'an admin’s or a `metrics` key',
};

/** `docs/routes.md`: every route of the gateway, in the order of the list it is served from. */
export function routesPage(): string {
  const rows = listRoutes(unusedDeps()).map((route) => [
    code(`${route.method} ${route.url}`),
    opens[route.access],
    route.summary,
    queryOf(route),
  ]);
  const introduction = [
    'A key is sent as `Authorization: Bearer dg_…`. Failures look as [errors.md](errors.md) tells. HEAD works',
    'wherever GET does; OPTIONS names the methods of a path. `GET /openapi.json` tells all this to machines.',
  ].join('\n');
  const heads = ['Route', 'Key', 'What it does', 'Query'];
  return `${pageHead('Routes', introduction)}\n${table(heads, rows)}`;
}

/** What decides which routes there are; nothing of it is called. */
function unusedDeps(): HttpDeps {
  const read = () => [];
  const admin = { agents: read, errors: read, refresh: read, upstreams: read, usage: read };
  return { admin, settings: { version: '' } } as unknown as HttpDeps;
}

function queryOf(route: Route): string {
  if (!route.query) return '';
  const schema = z.toJSONSchema(route.query, { io: 'input', unrepresentable: 'any' });
  return Object.keys(schema.properties ?? {})
    .map(code)
    .join(', ');
}
