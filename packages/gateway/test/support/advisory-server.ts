import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { json } from 'node:stream/consumers';
import { onTestFinished } from 'vitest';

type NpmAdvisory = {
  readonly id: number;
  readonly title: string;
  readonly severity: string;
  readonly url: string;
  readonly vulnerable_versions: string;
};

type Query = {
  readonly package: { readonly name: string };
  readonly version: string;
  readonly page_token?: string;
};

/** What a server knows: of npm by package, of PyPI by `name version`, as OSV writes it, in pages. */
export type KnownAdvisories = {
  readonly npm?: Readonly<Record<string, readonly NpmAdvisory[]>>;
  readonly pypi?: Readonly<Record<string, readonly (readonly object[])[]>>;
};

export type AdvisoryServer = {
  readonly url: string;
  /** Names and versions it was asked of, as the registry of npm and as OSV. */
  readonly asked: { npm: Record<string, string[]>; pypi: string[] };
};

/** A server on loopback for one test that speaks as the registry of npm does, and as OSV. */
export async function startAdvisoryServer(known: KnownAdvisories): Promise<AdvisoryServer> {
  const asked: AdvisoryServer['asked'] = { npm: {}, pypi: [] };
  const pagesOf = ({ package: { name }, version }: Query) => known.pypi?.[`${name} ${version}`];
  const routes: Readonly<Record<string, (body: never) => unknown>> = {
    '/-/npm/v1/security/advisories/bulk'(versions: Record<string, string[]>) {
      asked.npm = { ...asked.npm, ...versions };
      return Object.fromEntries(
        Object.entries(known.npm ?? {}).filter(([name]) => name in versions),
      );
    },
    '/v1/querybatch'({ queries }: { queries: Query[] }) {
      asked.pypi.push(...queries.map((one) => `${one.package.name} ${one.version}`));
      return { results: queries.map((one) => (pagesOf(one) ? { vulns: [{ id: 'x' }] } : {})) };
    },
    '/v1/query'(query: Query) {
      const [page, pages] = [Number(query.page_token ?? 0), pagesOf(query) ?? []];
      const next = page + 1 < pages.length ? { next_page_token: String(page + 1) } : {};
      return { vulns: pages[page], ...next };
    },
  };
  const server = createServer(async (request, response) => {
    const answer = routes[request.url ?? ''];
    if (!answer || request.method !== 'POST') {
      response.writeHead(404).end();
      return;
    }
    response.setHeader('content-type', 'application/json');
    response.end(JSON.stringify(answer((await json(request)) as never)));
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => {
    server.close();
    server.closeAllConnections();
  });
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, asked };
}
