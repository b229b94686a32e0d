import { z } from 'zod';
import type { Audience, Route } from '../../packages/gateway/src/http/route.ts';
import { routes } from '../../packages/gateway/src/http/routes.ts';
import { code, pageHead, table } from './markdown.ts';

const opens: Readonly<Record<Audience, string>> = {
  anyone: 'nobody needs a key',
  callers: 'any key',
  operators: 'an admin’s key, or an operator’s within its scopes',
  admins: 'an admin’s key',
  scrapers: 'an admin’s or a `metrics` key',
};

/** `docs/routes.md`: every route of the gateway, in the order of the list it is served from. */
export function routesPage(): string {
  const rows = routes.map((route) => [
    code(`${route.method} ${route.url.replaceAll(/:(\w+)/g, '{$1}')}`),
    opens[route.audience],
    route.summary,
    queryOf(route),
  ]);
  const introduction = [
    'A key is sent as `Authorization: Bearer dg_…`. Failures look as [errors.md](errors.md) tells. HEAD works',
    'wherever GET does; OPTIONS names the methods of a path. `GET /docs` shows all this in a browser, `GET /openapi.json` to programs.',
  ].join('\n');
  const heads = ['Route', 'Key', 'What it does', 'Query'];
  return `${pageHead('Routes', introduction)}\n${table(heads, rows)}`;
}

function queryOf(route: Route): string {
  if (!route.query) return '';
  const schema = z.toJSONSchema(route.query, { io: 'input', unrepresentable: 'any' });
  return Object.keys(schema.properties ?? {})
    .map(code)
    .join(', ');
}
