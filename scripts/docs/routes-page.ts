import { z } from 'zod';
import type { HttpDeps } from '../../packages/gateway/src/http/deps.ts';
import type { Access, Route } from '../../packages/gateway/src/http/route.ts';
import { listRoutes } from '../../packages/gateway/src/http/routes.ts';
import { builtInRules } from '../../packages/gateway/src/policy/rules/built-in.ts';
import { decide } from '../../packages/gateway/src/policy/rules/decide.ts';
import { compileRules } from '../../packages/gateway/src/policy/rules/rule-set.ts';
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
    code(`${route.method} ${route.url.replace(':id', '{id}')}`),
    isForOperators(route)
      ? 'an admin’s key, or an operator’s within its scopes'
      : opens[route.access],
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

/** Asks the rules that hold where nobody said otherwise. */
function isForOperators({ access, resource }: Route): boolean {
  const scopes = { namespaces: null, agents: null };
  const principal = { type: 'key', id: 'key_', name: '', role: 'operator', ...scopes } as const;
  const question = { principal, action: 'administer', resource } as const;
  return access === 'admin' && decide(compileRules(builtInRules), question, 0).answer === 'allow';
}

/** What decides which routes there are; nothing of it is called. */
function unusedDeps(): HttpDeps {
  const read = () => [];
  const admin = {
    agents: read,
    errors: read,
    refresh: read,
    upstreams: read,
    usage: read,
    runs: read,
  };
  return { admin, settings: { version: '' } } as unknown as HttpDeps;
}

function queryOf(route: Route): string {
  if (!route.query) return '';
  const schema = z.toJSONSchema(route.query, { io: 'input', unrepresentable: 'any' });
  return Object.keys(schema.properties ?? {})
    .map(code)
    .join(', ');
}
