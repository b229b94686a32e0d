import type { DraftRule, PreviewRequest } from './preview-types.ts';
import type { PreviewBody } from './requests.ts';

/** A checked body as the question it asks. */
export function toPreviewRequest(body: PreviewBody): PreviewRequest {
  return given<PreviewRequest>({
    keyId: body.key_id,
    principal: body.principal,
    user: body.user,
    action: body.action,
    resource: body.resource,
    agentId: body.agent_id,
    args: body.args,
    ...toDraft(body),
  });
}

/** What of a body is to be tried before its questions are answered. */
export function toDraft(body: Pick<PreviewBody, 'draft_rules' | 'draft_override'>) {
  const { draft_override: override } = body;
  return {
    draftRules: body.draft_rules?.map(({ expires_at, when, reason, approvers, ...rule }) =>
      given<DraftRule>({
        ...rule,
        when,
        reason,
        approvers,
        expiresAtSeconds: toSeconds(expires_at),
      }),
    ),
    draftOverride: override && {
      principal: override.principal,
      action: override.action,
      resource: override.resource,
      effect: override.effect,
      breakGlass: override.break_glass,
    },
  };
}

/** Unix seconds of an ISO 8601 time. */
export function toSeconds(isoTime: string | undefined): number | undefined {
  return isoTime === undefined ? undefined : Math.floor(Date.parse(isoTime) / 1000);
}

/** Without the fields that were not given: an absent field and one that is undefined are not the same. */
export function given<Shape extends object>(
  fields: {
    readonly [Name in keyof Shape]: Shape[Name] | undefined;
  },
): Shape {
  const entries = Object.entries(fields).filter(([, value]) => value !== undefined);
  return Object.fromEntries(entries) as Shape;
}
