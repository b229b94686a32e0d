import {
  decisionsAnswer,
  previewAnswer,
  refreshAnswer,
  rulesAnswer,
} from '../../../protocol/security/answers.ts';
import { auditAnswer, auditToJson } from '../../../protocol/security/audit.ts';
import { toPreviewRequest } from '../../../protocol/security/from-json.ts';
import {
  matrixAnswer,
  matrixBody,
  matrixToJson,
  toMatrixRequest,
} from '../../../protocol/security/matrix.ts';
import { decisionsQuery, previewBody, rulesQuery } from '../../../protocol/security/requests.ts';
import { decisionToJson, previewToJson, ruleToJson } from '../../../protocol/security/to-json.ts';
import { whoamiAnswer, whoamiToJson } from '../../../protocol/security/whoami.ts';
import { callerGone } from '../../caller-gone.ts';
import { pageOf } from '../../formats/page.ts';
import { toDecisionQuery } from '../../formats/security-bodies.ts';
import { callerOf, defineRoute, type Route } from '../../route.ts';

/** The routes that tell of who asks and of the rules: which there are, what they would answer, what they have answered. */
export const securityRoutes: readonly Route[] = [
  defineRoute({
    method: 'GET',
    url: '/security/whoami',
    audience: 'callers',
    summary: 'Tell who asks: its principal, its role, and what holds for it.',
    answer: whoamiAnswer,
    handle: ({ deps, request }) => whoamiToJson(deps.security.whoami(callerOf(request))),
  }),
  defineRoute({
    method: 'GET',
    url: '/security/rules',
    audience: 'operators',
    scope: 'own',
    summary: 'List the rules of every tier in the order they are heard.',
    query: rulesQuery,
    answer: rulesAnswer,
    handle: ({ deps, request, query }) => {
      const { start, page, next } = pageOf(deps.security.rules(callerOf(request)), query);
      const rules = page.map((rule, index) => ({ order: start + index + 1, ...ruleToJson(rule) }));
      return { rules, next };
    },
  }),
  defineRoute({
    method: 'POST',
    url: '/security/refresh',
    audience: 'admins',
    summary: 'Read the rules of gateway.yaml again; wrong ones leave the old in force.',
    answer: refreshAnswer,
    handle: async ({ deps }) => {
      const { findings, ...counts } = await deps.security.refresh();
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
    audience: 'operators',
    scope: 'own',
    summary: 'Tell what a question would be answered, also with rules that are only a draft.',
    body: previewBody,
    bodyWaits: true,
    answer: previewAnswer,
    handle: async ({ deps, request, readBody, reply }) =>
      previewToJson(
        await deps.security.preview(
          callerOf(request),
          () => toPreviewRequest(readBody()),
          callerGone(reply.raw),
        ),
      ),
  }),
  defineRoute({
    method: 'POST',
    url: '/security/matrix',
    audience: 'operators',
    scope: 'own',
    summary: 'Tell who may what: one question of many keys about many agents, also with a draft.',
    body: matrixBody,
    bodyWaits: true,
    answer: matrixAnswer,
    handle: async ({ deps, request, readBody, reply }) =>
      matrixToJson(
        await deps.security.matrix(
          callerOf(request),
          () => toMatrixRequest(readBody()),
          callerGone(reply.raw),
        ),
      ),
  }),
  defineRoute({
    method: 'GET',
    url: '/security/audit',
    audience: 'admins',
    summary: 'Report gaps in rules, overrides and keys, and models that end.',
    answer: auditAnswer,
    handle: async ({ deps }) => auditToJson(await deps.security.audit()),
  }),
  defineRoute({
    method: 'GET',
    url: '/security/decisions',
    audience: 'operators',
    scope: 'own',
    summary: 'List what was allowed and denied, and by which rule, newest first.',
    query: decisionsQuery,
    answer: decisionsAnswer,
    handle: async ({ deps, request, query }) => {
      const page = await deps.security.decisions(callerOf(request), toDecisionQuery(query));
      return { decisions: page.decisions.map(decisionToJson), next: page.next };
    },
  }),
];
