import { keepPreviousData, queryOptions } from '@tanstack/react-query';
import type { Answer, ApiClient } from './client.ts';

/** What `GET /admin/usage` answers. */
export type Usage = Answer<'GET /admin/usage'>;

/** A row of it: sums, and the names that it is by. */
export type UsageRow = Usage['rows'][number];

/** What usage is told by. */
export type UsageBy = Usage['by'][number];

const pageRows = 1000;
/** More rows than these are not drawn anyway. */
const maxPages = 10;

/** Usage by some names between two UTC days, both included: all its rows, up to ten thousand. */
export function usageQuery(
  api: ApiClient,
  asked: { readonly by: readonly UsageBy[]; readonly since: string; readonly until: string },
) {
  const by = asked.by.join(',');
  const { since, until } = asked;
  return queryOptions({
    queryKey: ['usage', by, since, until],
    placeholderData: keepPreviousData,
    async queryFn({ signal }): Promise<Usage> {
      const first = await api.call('GET /admin/usage', {
        query: { by, since, until, limit: pageRows },
        signal,
      });
      const rows = [...first.rows];
      let { next } = first;
      for (let page = 1; next !== null && page < maxPages; page += 1) {
        const more = await api.call('GET /admin/usage', {
          query: { by, since, until, limit: pageRows, after: next },
          signal,
        });
        rows.push(...more.rows);
        next = more.next;
      }
      return { ...first, rows, next };
    },
  });
}
