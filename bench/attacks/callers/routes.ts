import { ask } from '../ask.ts';
import { type Attack, told } from '../attack.ts';
import { exchange, statusesIn } from '../wire.ts';
import { enter, treasure, type Who, type World } from './world.ts';

/** What anybody reaches, as the pages of the gateway say. */
const open = /^(GET \/(healthz|readyz|docs|console.*)|POST \/console\/session)$/;

/** What callers reach. */
const forCallers =
  /^(GET \/openapi\.json|GET \/security\/whoami|(GET|DELETE) \/console\/session|\w+ (\/v1)?\/(models|chat|responses|conversations)(\/.*)?|\w+ \/v1\/runs\/.*)$/;

/** What operators reach beside that. */
const forOperators =
  /^(GET \/admin\/(approvals|events)|GET \/security\/(rules|overrides|decisions)|POST \/security\/(preview|matrix|override)|DELETE \/security\/overrides\/.*)$/;

/** What is about all agents, and so is no admin's whose key reaches some. */
const forAll =
  /^(GET \/(metrics|admin\/(metrics|upstreams|tools|agents\/errors))|DELETE \/admin\/agents\/errors|POST (\/admin)?\/agents\/refresh|POST \/admin\/tools\/refresh)$/;

type Route = { readonly method: string; readonly path: string };

/** Every route that the gateway says it has. */
async function routesOf({ as }: World): Promise<Route[]> {
  const { text } = await as('admin', 'GET', '/openapi.json');
  const { paths } = JSON.parse(text) as { paths: Record<string, Record<string, unknown>> };
  return Object.entries(paths).flatMap(([path, methods]) =>
    Object.keys(methods).map((method) => ({
      method: method.toUpperCase(),
      path: path.replaceAll(/\{[^}]+\}/g, 'none').replace(/events$/, '$&?types=none'),
    })),
  );
}

type Somebody = Who | 'nobody' | 'stranger';

/** Whether somebody may be let in; a made-up id is then 404 and an empty body 400. */
function mayEnter(who: Somebody, { method, path }: Route): boolean {
  const route = `${method} ${path.split('?')[0]}`;
  if (open.test(route)) return true;
  if (who === 'nobody' || who === 'stranger') return false;
  if (who === 'metrics') return route === 'GET /metrics';
  if (forCallers.test(route)) return true;
  if (who === 'operator') return forOperators.test(route);
  if (who === 'scoped') return !forAll.test(route);
  return who === 'admin';
}

export const audiences: Attack = {
  title: 'somebody uses a route that is for others: each route, for each kind of key and for none',
  languages: ['node'],
  async attempt(_language, victim) {
    const world = await enter(victim);
    const routes = await routesOf(world);
    const keys: Record<string, string | null> = {
      nobody: null,
      stranger: `dg_${'A'.repeat(43)}`,
      caller: world.keys.caller,
      operator: world.keys.operator,
      metrics: world.keys.metrics,
      scoped: world.keys.scoped,
    };
    const reached: string[] = [];
    let attempts = 0;
    for (const route of routes) {
      for (const [who, key] of Object.entries(keys)) {
        if (mayEnter(who as Somebody, route)) continue;
        attempts += 1;
        const headers = key === null ? {} : { authorization: `Bearer ${key}` };
        const { status } = await ask(world.gateway, route.path, { method: route.method, headers });
        if (![401, 403].includes(status)) {
          reached.push(`${who} ${route.method} ${route.path}: ${status}`);
        }
      }
    }
    if (attempts < 200) reached.push(`only ${attempts} routes were found`);
    return told(reached, attempts);
  },
};

/** Targets that some routers take for `/admin/agents`. */
const targets = [
  '/admin/agents',
  '/admin/agents/',
  '//admin/agents',
  '/admin//agents',
  '/./admin/agents',
  '/healthz/../admin/agents',
  '/healthz/%2e%2e/admin/agents',
  '/healthz/..%2fadmin/agents',
  '/healthz/..;/admin/agents',
  '/v1/models/../../admin/agents',
  '/v1/models/%2e%2e%2f%2e%2e%2fadmin%2fagents',
  '/docs/../admin/agents',
  '/console/../admin/agents',
  '/console/%2e%2e/admin/agents',
  '/console/assets/..%2f..%2fadmin%2fagents',
  '/healthz;/../admin/agents',
  '/healthz%00/../admin/agents',
  '/healthz?/../admin/agents',
  '/healthz#/../admin/agents',
  '/%61dmin/agents',
  '/ADMIN/agents',
  '/admin/agents%20',
  '/admin/agents%00',
  '/admin/agents.json',
  '/admin/agents;x=/healthz',
  '/admin\\agents',
  'http://gateway/admin/agents',
  'http://gateway/healthz/../admin/agents',
  'https://gateway@healthz/admin/agents',
  '/http://gateway/admin/agents',
];

/** Headers by which some servers serve another path, or another method, than the first line says. */
const elsewhere = [
  'x-original-url: /admin/agents',
  'x-rewrite-url: /admin/agents',
  'x-original-uri: /admin/agents',
  'x-forwarded-uri: /admin/agents',
  'x-forwarded-path: /admin/agents',
  'x-forwarded-prefix: /admin/agents',
  'x-envoy-original-path: /admin/agents',
  'x-http-method-override: POST',
  'x-forwarded-host: healthz',
  'x-forwarded-proto: https\r\nx-forwarded-port: 443',
];

const hosts = ['gateway', 'healthz', 'gateway/healthz', '127.0.0.1:80/healthz?', 'a@b', '', '%00'];

export const disguised: Attack = {
  title: 'the check sees another path, host or method than the route, and lets a caller in',
  languages: ['node'],
  async attempt(_language, victim) {
    const { gateway, keys } = await enter(victim);
    const keyOf = { nobody: '', caller: `authorization: Bearer ${keys.caller}\r\n` };
    const request = (target: string, head: string, host = 'gateway') =>
      `GET ${target} HTTP/1.1\r\nhost: ${host}\r\n${head}connection: close\r\n\r\n`;
    const tries: string[] = [];
    for (const key of Object.values(keyOf)) {
      for (const target of targets) {
        for (const host of target === '/admin/agents' ? hosts : ['gateway']) {
          tries.push(request(target, key, host));
        }
      }
      for (const line of elsewhere) {
        for (const target of ['/healthz', '/docs', '/v1/models', '/admin/agents']) {
          tries.push(request(target, `${key}${line}\r\n`));
        }
      }
      tries.push(request('/healthz', `${key}host: admin\r\n`));
      tries.push(request('/admin/agents', `${key}:authority: healthz\r\n`));
    }
    const control = await exchange(
      gateway.url,
      request('/admin/agents', `authorization: Bearer ${keys.admin}\r\n`),
    );
    const reached = isShown(control) ? [] : ['nobody reaches it'];
    for (const bytes of tries) {
      const text = await exchange(gateway.url, bytes);
      const [line = ''] = bytes.split('\r\n', 1);
      if (isShown(text)) reached.push(`${line} is shown`);
      if (statusesIn(text).some((status) => status >= 500)) reached.push(`${line} fails`);
    }
    return told(reached, tries.length);
  },
};

/** Whether an answer tells what only admins are told, or an agent that the caller does not see. */
function isShown(text: string): boolean {
  return text.includes('vault/hidden') || text.includes(treasure) || /"module_path"/.test(text);
}
