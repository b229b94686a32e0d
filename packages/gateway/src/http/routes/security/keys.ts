import { keyAnswer, keysAnswer, newKeyAnswer } from '../../../protocol/security/answers.ts';
import {
  idParams,
  keyBody,
  keyLimitsBody,
  keysQuery,
  rotateBody,
} from '../../../protocol/security/requests.ts';
import { defaultOverlapSeconds } from '../../../protocol/security/security-limits.ts';
import { keyToJson } from '../../../protocol/security/to-json.ts';
import { pageOf } from '../../formats/page.ts';
import { toLimitChanges, toNewKey } from '../../formats/security-bodies.ts';
import { callerOf, defineRoute, type Route } from '../../route.ts';

/** The routes that make, list, rotate and revoke keys. A secret is in the answer that makes it and nowhere else. */
export const keyRoutes: readonly Route[] = [
  defineRoute({
    method: 'GET',
    url: '/security/keys',
    audience: 'admins',
    scope: 'own',
    summary: 'List the API keys, never their secrets, oldest first.',
    query: keysQuery,
    answer: keysAnswer,
    handle: async ({ deps: { security }, request, query }) => {
      const { page, next } = pageOf(await security.keys.list(callerOf(request)), query);
      const now = security.nowSeconds();
      return { keys: page.map((record) => keyToJson(record, now)), next };
    },
  }),
  defineRoute({
    method: 'POST',
    url: '/security/keys',
    audience: 'admins',
    scope: 'own',
    summary: 'Make an API key; its secret is in this answer only.',
    body: keyBody,
    answer: newKeyAnswer,
    status: 201,
    handle: async ({ deps: { security }, request, body }) => {
      const wanted = toNewKey(body);
      const { record, secret } = await security.keys.create(callerOf(request), wanted);
      const warnings = security.unknownScopes(wanted);
      return {
        ...keyToJson(record, security.nowSeconds()),
        key: secret,
        ...(warnings.length > 0 ? { warnings: [...warnings] } : {}),
      };
    },
  }),
  defineRoute({
    method: 'POST',
    url: '/security/keys/:id/rotate',
    audience: 'admins',
    scope: 'own',
    summary: 'Make a key in place of another, which goes on working for a while.',
    params: idParams,
    body: rotateBody,
    answer: newKeyAnswer,
    status: 201,
    handle: async ({ deps: { security }, request, params, body }) => {
      const options = { overlapSeconds: body?.overlap_seconds ?? defaultOverlapSeconds };
      const { record, secret } = await security.keys.rotate(callerOf(request), params.id, options);
      return { ...keyToJson(record, security.nowSeconds()), key: secret };
    },
  }),
  defineRoute({
    method: 'PATCH',
    url: '/security/keys/:id',
    audience: 'admins',
    scope: 'own',
    summary: 'Give a key other limits; they hold from its next request on.',
    params: idParams,
    body: keyLimitsBody,
    answer: keyAnswer,
    handle: async ({ deps: { security }, request, params, body }) => {
      const changes = toLimitChanges(body);
      const key = await security.keys.setLimits(callerOf(request), params.id, changes);
      return keyToJson(key, security.nowSeconds());
    },
  }),
  defineRoute({
    method: 'DELETE',
    url: '/security/keys/:id',
    audience: 'admins',
    scope: 'own',
    summary: 'End a key now.',
    params: idParams,
    answer: keyAnswer,
    handle: async ({ deps: { security }, request, params }) => {
      const key = await security.keys.revoke(callerOf(request), params.id);
      const now = security.nowSeconds();
      const revokedAtSeconds = key.revokedAtSeconds ?? Math.floor(now);
      return keyToJson({ ...key, revokedAtSeconds }, now);
    },
  }),
];
