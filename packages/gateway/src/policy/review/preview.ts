import { GatewayError } from '../../errors.ts';
import { nearestIds } from '../../protocol/nearest.ts';
import {
  type KeyPrincipal,
  type KeyRecord,
  type Principal,
  type Question,
  roles,
} from '../../protocol/policy.ts';
import type { Preview, PreviewRequest } from '../../protocol/security/preview-types.ts';
import { isOfTokens } from '../../protocol/security/token-principal.ts';
import { principalOfKey } from '../authorize.ts';
import { explain } from '../rules/decide.ts';
import type { RuleSet } from '../rules/rule-set.ts';
import { isInScope, isScoped } from '../rules/scopes.ts';
import { toEndUser } from '../users/end-user.ts';
import { applyDraft } from './draft-rules.ts';
import { hashAlias, type KnownAgent } from './known-agent.ts';
import { createPace } from './pace.ts';
import { changesOf } from './preview-changes.ts';
import { smallestOverride } from './smallest-override.ts';

export type PreviewDeps = {
  readonly rules: () => RuleSet;
  /** Keys that can be used now. */
  readonly keys: () => readonly KeyRecord[];
  readonly agents: () => readonly KnownAgent[];
  /** A caller with a token as it is known; null where nobody can tell what it may do. */
  readonly tokenHolder: (principal: string) => KeyPrincipal | null;
  readonly nowSeconds: () => number;
};

/**
 * Answers a question as a live request would be, with the same code, and tells what a draft would change. Records
 * nothing and changes nothing, and gives way to other work all the while.
 *
 * @param signal - Ends it, with its reason.
 * @throws GatewayError `invalid_value` where principal or draft cannot be, `not_allowed` beyond the viewer’s scopes.
 */
export type PreviewPolicy = (
  viewer: KeyPrincipal,
  request: PreviewRequest,
  signal?: AbortSignal,
) => Promise<Preview>;

export function createPreview(deps: PreviewDeps): PreviewPolicy {
  return async (viewer, request, signal) => {
    const pace = createPace(signal);
    const before = deps.rules();
    const nowSeconds = deps.nowSeconds();
    const { tokenHolder } = deps;
    const known = { keys: deps.keys(), agents: deps.agents(), tokenHolder };
    const question = questionOf(request, known);
    checkScopes(viewer, question);
    const visible = known.agents.map(({ id }) => id).filter((id) => isInScope(viewer, id));
    const warnings = unknownAgents(question, visible);
    const draft = await applyDraft(before, request, pace);
    const smallest = await smallestOverride(draft?.rules ?? before, question, {
      viewer,
      nowSeconds,
      pace,
    });
    const found = { warnings, smallestOverride: smallest };
    if (!draft) return { ...explain(before, question, nowSeconds), ...found, draft: null };
    const after = explain(draft.rules, question, nowSeconds);
    const { changes, isTruncated } = await changesOf(draft, {
      before,
      question,
      keys: known.keys,
      agents: known.agents.filter(({ id }) => isInScope(viewer, id)),
      nowSeconds,
      pace,
    });
    return {
      ...after,
      ...found,
      draft: {
        before: explain(before, question, nowSeconds).decision,
        after: after.decision,
        changes,
        isTruncated,
      },
    };
  };
}

/** Agents that a question is about and that there are not; answers about them hold once they are there. */
function unknownAgents(
  { principal, action, resource }: Question,
  ids: readonly string[],
): string[] {
  const isOfAgents = action === 'run_agent' || action === 'list_agents';
  const asked = [
    ...(isOfAgents ? [resource] : []),
    ...(principal.type === 'agent' ? [principal.id] : []),
  ];
  return asked
    .filter((id) => !id.includes('*') && !ids.includes(id))
    .map((id) => {
      const near = nearestIds(id, ids);
      const guess = near.length === 0 ? '' : ` Did you mean ${near.join(' or ')}?`;
      return `No agent ${id} has loaded.${guess}`;
    });
}

type Known = Pick<PreviewDeps, 'tokenHolder'> & {
  readonly keys: readonly KeyRecord[];
  readonly agents: readonly KnownAgent[];
};

function questionOf(request: PreviewRequest, known: Known): Question {
  const { agents } = known;
  const { action, args } = request;
  const isOfAgents = action === 'run_agent' || action === 'list_agents';
  const resource = isOfAgents ? agentIdOf(request.resource, agents) : request.resource;
  const agentId = request.agentId === undefined ? null : agentIdOf(request.agentId, agents);
  const principal = askedPrincipal(request, { ...known, agentId });
  const callingId = principal.type === 'agent' ? principal.id : null;
  const agent = agents.find(({ id }) => id === callingId);
  const tool = agent?.tools.find(({ name }) => action === 'call_tool' && name === resource);
  const isItsModule = action === 'load_module' && agent?.modulePath === resource;
  return {
    principal,
    action,
    resource,
    ...(isItsModule && hashAlias(agent)),
    ...(args !== undefined && { args }),
    context: {
      ...(callingId !== null && { agent_id: callingId }),
      ...(tool && { provenance: tool.provenance }),
    },
  };
}

const unknownToken =
  'Claims of its token decide what this caller may do, and none of its tokens was seen here since the start. Ask after it has called, or give a token: dropgate security preview --token-file.';

/**
 * Whom a preview is about. Tools are called by an agent for the key that runs it: `*` where none is named.
 *
 * @param known.agentId - The agent that the request names beside the principal.
 * @throws GatewayError `invalid_value` where there is nobody like that.
 */
function askedPrincipal(
  { keyId, principal = '', action, user }: PreviewRequest,
  known: Known & { readonly agentId: string | null },
): Principal {
  const written = keyId ?? principal;
  if (written.startsWith('agent:')) return { type: 'agent', id: written.slice(6).toLowerCase() };
  const key = namedKey(written, known, keyId === undefined ? 'principal' : 'key_id');
  const asked = user === undefined ? key : forUser(key, user, known.keys);
  if (action !== 'call_tool') return asked;
  return { type: 'agent', id: known.agentId ?? '*', key: asked };
}

/**
 * A key by its id or name, a role as a key of it, or a caller with a token.
 *
 * @param param - The field that names it.
 * @throws GatewayError `invalid_value` where there is nobody like that.
 */
export function namedKey(
  written: string,
  { keys, tokenHolder }: Omit<Known, 'agents'>,
  param: string,
): KeyPrincipal {
  const key = isOfTokens(written) ? tokenHolder(written) : askedKey(written, keys);
  if (key) return key;
  throw new GatewayError(
    'invalid_value',
    isOfTokens(written)
      ? unknownToken
      : 'No key that can be used has this id or name. Name one, role:<role> or agent:<model id>.',
    { param },
  );
}

/** A key that asks for one of its users. */
function forUser(key: KeyPrincipal, named: string, keys: readonly KeyRecord[]): KeyPrincipal {
  const user = toEndUser(named, 'user');
  const forwards =
    keys.find(({ id }) => id === key.id)?.forwardsUsers ?? key.id.startsWith('role:');
  if (user && forwards) return { ...key, user };
  throw new GatewayError(
    'invalid_value',
    user
      ? 'This key forwards no users: what its requests say of them is no principal. Make one with --forwards-users.'
      : 'The user is empty. Give the id that the key names them by.',
    { param: 'user' },
  );
}

function askedKey(written: string, keys: readonly KeyRecord[]): KeyPrincipal | null {
  const role = roles.find((each) => written === `role:${each}`);
  if (role) {
    return { type: 'key', id: written, name: written, role, namespaces: null, agents: null };
  }
  // Of keys that share a name, as a key and its successor do, the newest counts.
  const key =
    keys.find(({ id }) => id === written) ?? keys.findLast(({ name }) => name === written);
  return key ? principalOfKey(key) : null;
}

/** A model id as callers write it: in any case, and without its namespace where only one agent has the name. */
function agentIdOf(written: string, agents: readonly KnownAgent[]): string {
  const lower = written.toLowerCase();
  if (lower.includes('/')) return lower;
  const [only, ...others] = agents.filter(({ id }) => id.endsWith(`/${lower}`));
  return only && others.length === 0 ? only.id : lower;
}

function checkScopes(viewer: KeyPrincipal, { principal, action, resource }: Question): void {
  if (!isScoped(viewer)) return;
  const isOfAgents = action === 'run_agent' || action === 'list_agents';
  const agentId = isOfAgents ? resource : principal.type === 'agent' ? principal.id : null;
  if (agentId !== null && isInScope(viewer, agentId)) return;
  throw new GatewayError(
    'not_allowed',
    'Your key is limited to other namespaces or agents. Ask about an agent within its scopes.',
    { param: isOfAgents ? 'resource' : 'agent_id' },
  );
}
