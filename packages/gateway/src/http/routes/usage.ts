import type { z } from 'zod';
import { type UsageQuery, usageAnswer, usageQuery } from '../../protocol/admin/usage-answer.ts';
import { given } from '../../protocol/security/from-json.ts';
import { dayOf, type UsageDimension } from '../../protocol/usage/usage.ts';
import { usageCsv } from '../../protocol/usage/usage-csv.ts';
import { callerOf, defineRoute, type Route } from '../route.ts';

const THIRTY_DAYS_MS = 30 * 86_400_000;

/** What was used: tokens, runs, model calls and what they cost. */
export const usageRoutes: readonly Route[] = [
  {
    ...defineRoute({
      method: 'GET',
      url: '/admin/usage',
      audience: 'admins',
      scope: 'own',
      summary:
        'Runs, model calls, tokens and cost by key, agent, model, upstream, user or day, of the agents whose runs the key may read.',
      query: usageQuery,
      async handle({ deps, request, query, reply }) {
        const page = await deps.admin.usage(callerOf(request), toUsageQuery(query));
        if (query.format === 'json') return page;
        reply.type('text/csv; charset=utf-8');
        reply.header('content-disposition', 'attachment; filename="usage.csv"');
        if (page.next !== null) reply.header('link', `<${nextUrl(query, page.next)}>; rel="next"`);
        return usageCsv(page, query.after === undefined ? 'with_head' : 'without_head');
      },
    }),
    answer: usageAnswer,
    mediaTypes: ['application/json', 'text/csv'],
  },
];

function toUsageQuery({ by, since, until, after, limit }: z.output<typeof usageQuery>) {
  const day = (text: string | undefined, otherwiseMs: number) =>
    dayOf(text === undefined ? otherwiseMs : Date.parse(text));
  return given<UsageQuery>({
    by: [...new Set(by.split(','))] as UsageDimension[],
    since: day(since, Date.now() - THIRTY_DAYS_MS),
    until: day(until, Date.now()),
    after,
    limit,
  });
}

function nextUrl(query: z.output<typeof usageQuery>, after: string): string {
  const search = new URLSearchParams();
  for (const [name, value] of Object.entries({ ...query, after }))
    if (value !== undefined) search.set(name, String(value));
  return `/admin/usage?${search}`;
}
