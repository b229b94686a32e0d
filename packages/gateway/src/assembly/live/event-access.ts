import { GatewayError } from '../../errors.ts';
import type { EventView } from '../../http/live/send-events.ts';
import { principalOf } from '../../policy/authorize.ts';
import { localHolder } from '../../policy/keys/identify.ts';
import { isUsable } from '../../policy/keys/known-keys.ts';
import { isInScope, isScoped } from '../../policy/rules/scopes.ts';
import type { NumberedEvent, StreamEnd } from '../../protocol/admin/events-answer.ts';
import type { Action, Caller, Question } from '../../protocol/policy.ts';
import type { Parts } from '../agent-processes.ts';

/** Streams of events that may be open at once, of all keys together. */
const MAX_STREAMS = 64;

/** The same of one key: the others are not to be left without. */
const MAX_OF_A_KEY = 32;

/** How long a verdict is remembered: a rule that changed holds after it. */
const REMEMBERED_MS = 1000;

export type EventAccessDeps = Pick<
  Parts,
  'known' | 'live' | 'followStore' | 'lifetime' | 'nowSeconds'
> & {
  /** Decides without a record of it. */
  readonly allows: (question: Question) => boolean;
};

/**
 * Opens a viewer's view of the events.
 *
 * @throws GatewayError `rate_limited` where too many are open.
 */
export function createEventAccess(deps: EventAccessDeps): (viewer: Caller) => EventView {
  let open = 0;
  const ofKeys = new Map<string, number>();
  const count = (keyId: string, change: 1 | -1) => {
    open += change;
    const left = (ofKeys.get(keyId) ?? 0) + change;
    if (left > 0) ofKeys.set(keyId, left);
    else ofKeys.delete(keyId);
  };
  return (viewer) => {
    const { keyId } = viewer;
    if (open >= MAX_STREAMS) throw tooMany(MAX_STREAMS);
    if ((ofKeys.get(keyId) ?? 0) >= MAX_OF_A_KEY) throw tooMany(MAX_OF_A_KEY, ' of this key');
    count(keyId, 1);
    let isOpen = true;
    const may = createRights(viewer, deps);
    return {
      shows: (event) => shows(may, event),
      whyOver: () => whyOver(deps, viewer, may),
      close() {
        if (isOpen) count(keyId, -1);
        isOpen = false;
      },
    };
  };
}

type Rights = {
  /** Of a resource that is no agent. */
  readonly administers: (route: string) => boolean;
  readonly isInScope: (agentId: string) => boolean;
  readonly isWhole: boolean;
  readonly may: (action: Action, agentId: string) => boolean;
};

/** What a viewer may, each asked once in a while. */
function createRights(viewer: Caller, { allows }: EventAccessDeps): Rights {
  const principal = principalOf(viewer);
  const verdicts = new Map<string, boolean>();
  let sinceMs = performance.now();
  const ask = (action: Action, resource: string): boolean => {
    if (performance.now() - sinceMs >= REMEMBERED_MS) {
      verdicts.clear();
      sinceMs = performance.now();
    }
    const name = `${action} ${resource}`;
    const verdict = verdicts.get(name) ?? allows({ principal, action, resource });
    verdicts.set(name, verdict);
    return verdict;
  };
  return {
    administers: (route) => ask('administer', route),
    isInScope: (agentId) => isInScope(viewer, agentId),
    isWhole: !isScoped(viewer),
    may: (action, agentId) => isInScope(viewer, agentId) && ask(action, agentId),
  };
}

function shows(rights: Rights, event: NumberedEvent['event']): boolean {
  switch (event.type) {
    case 'run_started':
    case 'run_ended':
    case 'tool_called':
    case 'model_called':
      return event.agent_id === null ? seesAll(rights) : rights.may('read_runs', event.agent_id);
    case 'approval_asked':
    case 'approval_answered':
      return (
        rights.may('read_runs', event.agent_id) || rights.may('answer_approvals', event.agent_id)
      );
    case 'access_denied':
      // As in the list of decisions, for those who may read that.
      return (
        (rights.isWhole || (event.agent_id !== null && rights.isInScope(event.agent_id))) &&
        rights.administers('/security/decisions')
      );
    case 'agent_changed':
    case 'errors_changed':
    case 'worker_changed':
      return event.agent_id === null ? seesAll(rights) : seesAgent(rights, event.agent_id);
    case 'rules_changed':
    case 'overrides_changed':
    case 'keys_changed':
      return true;
    case 'upstream_changed':
    case 'queue_changed':
      return seesAll(rights);
    default:
      return event satisfies never;
  }
}

/** Who may list all agents with their files sees them whatever rules say of running them. */
function seesAgent(rights: Rights, agentId: string): boolean {
  if (!rights.isInScope(agentId)) return false;
  return rights.administers('/admin/agents') || rights.may('list_agents', agentId);
}

/** Also what is about no agent. */
function seesAll({ isWhole, administers }: Rights): boolean {
  return isWhole && administers('/admin/agents');
}

function whyOver(deps: EventAccessDeps, viewer: Caller, rights: Rights): StreamEnd | null {
  const { lifetime, followStore, live } = deps;
  if (lifetime.signal.aborted) return 'stopping';
  if (followStore.awayForMs() > live.current().security.storeGraceMs) return 'store_unavailable';
  return whyKeyEnded(deps, viewer) ?? (rights.administers('/admin/events') ? null : 'not_allowed');
}

function whyKeyEnded(
  { known, nowSeconds }: EventAccessDeps,
  { keyId, token }: Caller,
): StreamEnd | null {
  if (token) return nowSeconds() < token.expiresAtSeconds ? null : 'key_expired';
  if (keyId === localHolder.keyId) return null;
  const key = known.find(keyId);
  if (!key || key.revokedAtSeconds !== null) return 'key_revoked';
  return isUsable(key, nowSeconds()) ? null : 'key_expired';
}

function tooMany(most: number, whose = ''): GatewayError {
  return new GatewayError(
    'rate_limited',
    `${most} streams of events${whose} are open, which is the most there may be. Close one, or try again later.`,
  );
}
