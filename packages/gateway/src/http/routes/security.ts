import {
  decisionsAnswer,
  previewAnswer,
  refreshAnswer,
  rulesAnswer,
} from '../../protocol/security/answers.ts';
import { decisionToJson, previewToJson, ruleToJson } from '../../protocol/security/json.ts';
import { toPreviewRequest } from '../../protocol/security/preview-request.ts';
import { decisionsQuery, previewBody } from '../../protocol/security/requests.ts';
import type { HttpDeps } from '../deps.ts';
import { toDecisionQuery } from '../formats/security.ts';
import { callerOf, defineRoute, type Route } from '../route.ts';

/** The routes that tell of the rules: which there are, what they would answer, what they have answered. */
export function securityRoutes({ security }: HttpDeps): Route[] {
  return [
    defineRoute({
      method: 'GET',
      url: '/security/rules',
      access: 'admin',
      summary: 'List the rules of every tier in the order they are heard.',
      answer: rulesAnswer,
      handle: ({ request }) => ({
        rules: security
          .rules(callerOf(request))
          .map((rule, index) => ({ order: index + 1, ...ruleToJson(rule) })),
      }),
    }),
    defineRoute({
      method: 'POST',
      url: '/security/refresh',
      access: 'admin',
      summary: 'Read the rules of gateway.yaml again; wrong ones leave the old in force.',
      answer: refreshAnswer,
      handle: async () => {
        const { findings, ...counts } = await security.refresh();
        return {
          ...counts,
          kept: findings.some(({ severity }) => severity === 'error'),
          findings,
        };
      },
    }),
    defineRoute({
      method: 'POST',
      url: '/security/preview',
      access: 'admin',
      summary: 'Tell what a question would be answered, also with rules that are only a draft.',
      body: previewBody,
      answer: previewAnswer,
      handle: async ({ request, body }) =>
        previewToJson(await security.preview(callerOf(request), toPreviewRequest(body))),
    }),
    defineRoute({
      method: 'GET',
      url: '/security/decisions',
      access: 'admin',
      summary: 'List what was allowed and denied, and by which rule, newest first.',
      query: decisionsQuery,
      answer: decisionsAnswer,
      handle: async ({ request, query }) => {
        const page = await security.decisions(callerOf(request), toDecisionQuery(query));
        return { decisions: page.decisions.map(decisionToJson), next: page.next };
      },
    }),
  ];
}
