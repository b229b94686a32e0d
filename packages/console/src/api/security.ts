import { queryOptions } from '@tanstack/react-query';
import { allPages, pageLimit } from './all-pages.ts';
import type { Answer, ApiClient } from './client.ts';
import type { Api } from './schema.ts';

/** A rule, with its place in the order. */
export type Rule = Answer<'GET /security/rules'>['rules'][number];

/** What can be asked for. */
export type Action = Rule['action'];

/** A short-lived rule. */
export type Override = Answer<'GET /security/overrides'>['overrides'][number];

/** An override to be made. */
export type NewOverride = Api['POST /security/override']['body'];

/** What was asked, and answered. */
export type Decision = Answer<'GET /security/decisions'>['decisions'][number];

/** What decisions are looked for. */
export type DecisionFilters = Omit<
  Api['GET /security/decisions']['query'],
  'after' | 'limit' | 'until'
>;

/** A question, and a draft to try with it. */
export type PreviewQuestion = Api['POST /security/preview']['body'];

/** What a question is answered. */
export type PreviewAnswer = Answer<'POST /security/preview'>;

/** One answer that a draft turns round. */
export type PreviewChange = NonNullable<PreviewAnswer['changes']>[number];

/** What reading gateway.yaml anew found. */
export type RefreshAnswer = Answer<'POST /security/refresh'>;

/** Every rule, in the order they are heard. */
export function rulesQuery(api: ApiClient) {
  return queryOptions({
    queryKey: ['rules'],
    queryFn: ({ signal }) =>
      allPages<Rule>(async (after) => {
        const query = { after, limit: pageLimit };
        const { rules, next } = await api.call('GET /security/rules', { query, signal });
        return { rows: rules, next };
      }),
  });
}

/** Every override, those that ended too, newest first. */
export function overridesQuery(api: ApiClient) {
  return queryOptions({
    queryKey: ['overrides'],
    queryFn: ({ signal }) =>
      allPages<Override>(async (after) => {
        const query = { after, limit: pageLimit };
        const { overrides, next } = await api.call('GET /security/overrides', { query, signal });
        return { rows: overrides, next };
      }),
  });
}

/** Decisions of a page. */
const decisionsOfPage = 200;

/** The newest decisions that fit. */
export function newestDecisionsQuery(api: ApiClient, filters: DecisionFilters) {
  return queryOptions({
    queryKey: ['decisions', filters],
    queryFn: ({ signal }) => readDecisions(api, { filters, signal }),
  });
}

/** A page of the decisions that fit, newest first. @throws ApiError */
export function readDecisions(
  api: ApiClient,
  wanted: {
    readonly filters: DecisionFilters;
    readonly after?: string;
    readonly signal?: AbortSignal;
  },
): Promise<Answer<'GET /security/decisions'>> {
  const { filters, after, signal } = wanted;
  return api.call('GET /security/decisions', {
    query: { ...filters, after, limit: decisionsOfPage },
    ...(signal ? { signal } : {}),
  });
}

/** What a question would be answered now. It is asked anew when rules, overrides or keys change. */
export function previewQuery(api: ApiClient, question: PreviewQuestion) {
  return queryOptions({
    queryKey: ['matrix', 'preview', question],
    queryFn: ({ signal }) => api.call('POST /security/preview', { body: question, signal }),
  });
}
