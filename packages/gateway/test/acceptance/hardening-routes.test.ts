import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createApp } from '../../src/http/app.ts';
import { routes } from '../../src/http/routes.ts';
import { startTestGateway, type TestGateway } from '../../src/testing.ts';
import { fakeGateway } from '../support/http-fakes.ts';
import { createProject, type Project } from './project.ts';
import { createRawClient } from './raw-http.ts';

/** Every route and whom it is for. A new one fails below until it has its line here. */
const audience: Readonly<Record<string, Audience>> = {
  'GET /healthz': 'anyone',
  'GET /readyz': 'anyone',
  'GET /v1/models': 'callers',
  'GET /v1/models/*': 'callers',
  'GET /models': 'callers',
  'GET /models/*': 'callers',
  'POST /v1/chat/completions': 'callers',
  'POST /chat/completions': 'callers',
  'GET /docs': 'anyone',
  'GET /openapi.json': 'callers',
  'GET /console': 'anyone',
  'GET /console/*': 'anyone',
  'POST /console/session': 'anyone',
  'GET /console/session': 'callers',
  'DELETE /console/session': 'callers',
  'POST /console/links': 'admins',
  'POST /v1/responses': 'callers',
  'GET /v1/responses/:id': 'callers',
  'GET /v1/responses/:id/input_items': 'callers',
  'POST /v1/responses/:id/cancel': 'callers',
  'POST /v1/responses/input_tokens': 'callers',
  'DELETE /v1/responses/:id': 'callers',
  'POST /v1/conversations': 'callers',
  'GET /v1/conversations/:id': 'callers',
  'POST /v1/conversations/:id': 'callers',
  'DELETE /v1/conversations/:id': 'callers',
  'GET /v1/conversations/:id/items': 'callers',
  'POST /v1/conversations/:id/items': 'callers',
  'GET /v1/conversations/:id/items/:item': 'callers',
  'DELETE /v1/conversations/:id/items/:item': 'callers',
  'POST /responses': 'callers',
  'GET /responses/:id': 'callers',
  'GET /responses/:id/input_items': 'callers',
  'POST /responses/:id/cancel': 'callers',
  'POST /responses/input_tokens': 'callers',
  'DELETE /responses/:id': 'callers',
  'POST /conversations': 'callers',
  'GET /conversations/:id': 'callers',
  'POST /conversations/:id': 'callers',
  'DELETE /conversations/:id': 'callers',
  'GET /conversations/:id/items': 'callers',
  'POST /conversations/:id/items': 'callers',
  'GET /conversations/:id/items/:item': 'callers',
  'DELETE /conversations/:id/items/:item': 'callers',
  'GET /v1/runs/:id/approvals': 'callers',
  'POST /v1/runs/:id/approvals/:approval_id': 'callers',
  'GET /admin/approvals': 'operators',
  'GET /admin/agents': 'admins',
  'GET /admin/agents/errors': 'admins',
  'DELETE /admin/agents/errors': 'admins',
  'GET /admin/agents/generations': 'admins',
  'GET /admin/events': 'operators',
  'GET /admin/metrics': 'admins',
  'GET /admin/status': 'admins',
  'GET /admin/runs': 'admins',
  'GET /admin/runs/:id': 'admins',
  'GET /admin/runs/:id/test': 'admins',
  'POST /admin/runs/:id/fork': 'admins',
  'POST /admin/runs/:id/replay': 'admins',
  'GET /admin/tools': 'admins',
  'POST /admin/tools/:name/call': 'admins',
  'POST /admin/tools/refresh': 'admins',
  'GET /admin/upstreams': 'admins',
  'GET /admin/usage': 'admins',
  'GET /admin/data': 'admins',
  'DELETE /admin/data': 'admins',
  'POST /admin/agents/refresh': 'admins',
  'POST /agents/refresh': 'admins',
  'POST /admin/agents/release': 'admins',
  'POST /admin/agents/rollback': 'admins',
  'POST /agents/release': 'admins',
  'POST /agents/rollback': 'admins',
  'GET /metrics': 'scrapers',
  'GET /security/rules': 'operators',
  'GET /security/whoami': 'callers',
  'POST /security/refresh': 'admins',
  'POST /security/preview': 'operators',
  'POST /security/matrix': 'operators',
  'GET /security/audit': 'admins',
  'POST /security/override': 'operators',
  'GET /security/overrides': 'operators',
  'DELETE /security/overrides/:id': 'operators',
  'GET /security/decisions': 'operators',
  'GET /security/keys': 'admins',
  'POST /security/keys': 'admins',
  'POST /security/keys/:id/rotate': 'admins',
  'PATCH /security/keys/:id': 'admins',
  'DELETE /security/keys/:id': 'admins',
};

type Audience = 'anyone' | 'callers' | 'operators' | 'admins' | 'scrapers';
const roles = ['caller', 'operator', 'metrics', 'admin'] as const;
type Who = 'nobody' | 'stranger' | (typeof roles)[number];

/** `in` is any answer but a refusal: a made-up id is 404, an empty body 400. */
type Answer = 401 | 403 | 'in';
const answers: Readonly<Record<Audience, Readonly<Record<Who, Answer>>>> = {
  anyone: {
    nobody: 'in',
    stranger: 'in',
    caller: 'in',
    operator: 'in',
    metrics: 'in',
    admin: 'in',
  },
  callers: { nobody: 401, stranger: 401, caller: 'in', operator: 'in', metrics: 403, admin: 'in' },
  operators: { nobody: 401, stranger: 401, caller: 403, operator: 'in', metrics: 403, admin: 'in' },
  admins: { nobody: 401, stranger: 401, caller: 403, operator: 403, metrics: 403, admin: 'in' },
  scrapers: { nobody: 401, stranger: 401, caller: 403, operator: 403, metrics: 'in', admin: 'in' },
};

const commonMethods = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS', 'TRACE'];

/** What HTTP knows and the router does not: no more than an unknown path, whatever the path is. */
const strangeMethods = ['PROPFIND', 'SEARCH', 'MKCOL', 'QUERY', 'LOCK', 'PURGE', 'REPORT'];

let project: Project;
let gateway: TestGateway;
let secrets: Readonly<Record<Who, string | null>>;

beforeAll(async () => {
  project = await createProject({ 'gateway.yaml': 'worker: { spares: 0 }' });
  gateway = await startTestGateway({ projectRoot: project.root });
  const made = roles.map((role) => gateway.gateway.keys.create({ role, createdBy: 'test' }));
  const [caller, operator, metrics, admin] = (await Promise.all(made)).map((key) => key.secret);
  const stranger = `dg_${'A'.repeat(43)}`;
  secrets = { nobody: null, stranger, caller, operator, metrics, admin } as typeof secrets;
});
afterAll(async () => {
  await gateway?.close();
  await project?.remove();
});

describe('every route', () => {
  test('has its line in the table, and nothing else answers', async () => {
    const declared = routes.map(({ method, url }) => `${method} ${url}`);
    expect(declared.toSorted()).toEqual(Object.keys(audience).toSorted());
    const paths = new Set(Object.keys(audience).map((route) => route.split(' ')[1]));
    expect(await routedPaths()).toEqual([...paths].toSorted());
  });

  test.each(Object.entries(audience))('%s is for %s', async (route, whom) => {
    const [method = '', path = ''] = route.split(' ');
    const got: Record<string, Answer> = {};
    for (const who of everybody()) got[who] = await ask(method, path, who);
    expect(got).toEqual(answers[whom]);
  });
});

describe('any other method', () => {
  const paths = Map.groupBy(Object.entries(audience), ([route]) => route.split(' ')[1] ?? '');

  test.each([...paths])('of %s needs the key that the path needs', async (path, siblings) => {
    const known = siblings.map(([route]) => route.split(' ')[0]);
    const [, first = 'admins'] = siblings[0] ?? [];
    const [, ofGet = first] = siblings.find(([route]) => route.startsWith('GET ')) ?? [];
    for (const method of commonMethods.filter((each) => !known.includes(each))) {
      const got: Record<string, Answer> = {};
      for (const who of everybody()) got[who] = await ask(method, path, who);
      expect([method, got]).toEqual([method, answers[method === 'HEAD' ? ofGet : first]]);
    }
  });

  test.each(strangeMethods)('such as %s is no method to whoever has a key', async (method) => {
    for (const path of ['/healthz', '/v1/models', '/admin/agents', '/metrics', '/gone']) {
      const got = new Map<Who, number>();
      for (const who of everybody()) got.set(who, await statusOf(`${method} ${path}`, who));
      const known = path === '/gone' ? 404 : 405;
      expect([path, Object.fromEntries(got)]).toEqual([
        path,
        {
          nobody: 401,
          stranger: 401,
          caller: known,
          operator: known,
          metrics: known,
          admin: known,
        },
      ]);
    }
  });
});

describe('a path in disguise', () => {
  // Status for nobody, for a caller and for an admin: the router and the check see one and the same path.
  test.each<[string, number, number, number]>([
    ['/admin/agents', 401, 403, 200],
    ['/admin/agents/', 401, 403, 200],
    ['/admin/agents/errors?agent=/v1/models', 401, 403, 200],
    ['/admin/agents#/v1/models', 401, 403, 200],
    ['/%61dmin/agents', 401, 403, 200],
    ['/admin%2fagents', 401, 404, 404],
    ['/admin%252fagents', 401, 404, 404],
    ['/ADMIN/agents', 401, 404, 404],
    ['//admin/agents', 401, 404, 404],
    ['/admin//agents', 401, 404, 404],
    ['/./admin/agents', 401, 404, 404],
    ['/admin/./agents', 401, 404, 404],
    ['/v1/../admin/agents', 401, 404, 404],
    ['/v1/%2e%2e/admin/agents', 401, 404, 404],
    ['/v1/models/../../admin/agents', 401, 404, 404],
    ['/v1/models/%2e%2e%2f%2e%2e%2fadmin/agents', 401, 404, 404],
    ['/healthz/../admin/agents', 401, 404, 404],
    ['/healthz/%2e%2e/admin/agents', 401, 404, 404],
    ['/healthz/..%2fadmin/agents', 401, 404, 404],
    ['/healthz;/admin/agents', 401, 404, 404],
    ['/admin/agents;x=1', 401, 404, 404],
    ['/admin/agents%00', 401, 404, 404],
    ['/admin/agents%20', 401, 404, 404],
    ['/admin/agents%3f', 401, 404, 404],
    ['\\admin\\agents', 400, 400, 400],
    ['/admin\\agents', 401, 404, 404],
    ['/admin/agents%', 400, 400, 400],
    ['/%ff/admin', 400, 400, 400],
    ['*', 401, 404, 404],
    ['http://gateway/admin/agents', 401, 403, 200],
    ['http://gateway/healthz', 200, 200, 200],
    ['https://other:443/v1/models', 401, 200, 200],
    ['/healthz', 200, 200, 200],
    ['/healthz%2f', 401, 404, 404],
  ])('%s is what it is, for everybody', async (path, nobody, caller, admin) => {
    for (const host of ['gateway', 'admin', '127.0.0.1/healthz', 'gateway/v1/models?']) {
      const got = [];
      for (const who of ['nobody', 'caller', 'admin'] as const) {
        got.push(await statusOf(`GET ${path}`, who, host));
      }
      expect([host, ...got]).toEqual([host, nobody, caller, admin]);
    }
  });
});

/** Every path of the real router, however it got there. It prints a tree; every path knows GET, if only to refuse it. */
async function routedPaths(): Promise<string[]> {
  const app = createApp(fakeGateway());
  await app.ready();
  const trail: string[] = [];
  return app
    .printRoutes({ commonPrefix: false, method: 'GET' })
    .split('\n')
    .flatMap((line) => {
      const [, indent = '', piece] = /^(.*?)[├└]── (\S+) \(/.exec(line) ?? [];
      if (piece === undefined) return [];
      trail.length = indent.length / 4;
      trail.push(piece);
      return trail.join('').replace(/(?<!\/)\*$/, '/*');
    })
    .toSorted();
}

function everybody(): Who[] {
  return Object.keys(secrets) as Who[];
}

async function ask(method: string, path: string, who: Who): Promise<Answer> {
  // A stream of events that is let in never ends; one of a kind that there is not does not begin.
  const asked = path
    .replace('*', 'x')
    .replace(':id', 'none')
    .replace(/events$/, '$&?types=none');
  const status = await statusOf(`${method} ${asked}`, who);
  if (status >= 500) throw new Error(`${method} ${path} as ${who}: ${status}`);
  return status === 401 || status === 403 ? status : 'in';
}

async function statusOf(requestLine: string, who: Who, host = 'gateway'): Promise<number> {
  const client = createRawClient(gateway.url);
  const key = secrets[who] === null ? '' : `authorization: Bearer ${secrets[who]}\r\n`;
  const answer = await client.send(
    `${requestLine} HTTP/1.1\r\nhost: ${host}\r\n${key}content-length: 0\r\nconnection: close\r\n\r\n`,
  );
  client.close();
  return answer.status ?? 0;
}
