import { queryOptions } from '@tanstack/react-query';
import type { Answer, ApiClient } from './client.ts';

/** What `GET /admin/status` answers. */
export type Status = Answer<'GET /admin/status'>;

/** An upstream as `GET /admin/upstreams` tells it. */
export type Upstream = Answer<'GET /admin/upstreams'>['upstreams'][number];

/** Memory and CPU change without an event. */
const readAnewMs = 5000;

/** How the gateway and its workers are. */
export function statusQuery(api: ApiClient) {
  return queryOptions({
    queryKey: ['status'],
    refetchInterval: readAnewMs,
    queryFn: ({ signal }) => api.call('GET /admin/status', { signal }),
  });
}

/** How the upstreams are. */
export function upstreamsQuery(api: ApiClient) {
  return queryOptions({
    queryKey: ['upstreams'],
    async queryFn({ signal }): Promise<readonly Upstream[]> {
      const { upstreams } = await api.call('GET /admin/upstreams', { signal });
      return upstreams;
    },
  });
}
