import type { Emit } from '../events.ts';
import type {
  Caller,
  Decision,
  KeyHolder,
  KeyPrincipal,
  KeyRecord,
  Question,
} from '../protocol/policy.ts';
import { isOfTokens } from '../protocol/security/token-principal.ts';
import { decide } from './rules/decide.ts';
import type { RuleSet } from './rules/rule-set.ts';

/** What `createAuthorize` needs. */
export type AuthorizeDeps = {
  /** The rules that hold now, of every tier. */
  rules(): RuleSet;
  nowSeconds(): number;
  readonly emit: Emit;
};

/** Decides and says so: one `access_decided` for every decision, allow or deny. */
export type Authorize = (question: Question, requestId: string | null) => Decision;

/** Joins the rules, the clock and the events. */
export function createAuthorize({ rules, nowSeconds, emit }: AuthorizeDeps): Authorize {
  return (question, requestId) => {
    const decision = decide(rules(), question, nowSeconds());
    emit({ type: 'access_decided', question, decision, requestId });
    return decision;
  };
}

/** A caller as rules see it. What a token calls a person is no name for rules: many may choose theirs. */
export function principalOf(caller: KeyHolder & Pick<Caller, 'user'>): KeyPrincipal {
  return {
    type: 'key',
    id: caller.keyId,
    name: isOfTokens(caller.keyId) ? caller.keyId : caller.keyName,
    role: caller.role,
    namespaces: caller.namespaces,
    agents: caller.agents,
    ...(caller.user && { user: caller.user }),
  };
}

/** A key as rules see it. */
export function principalOfKey({ id, name, role, namespaces, agents }: KeyRecord): KeyPrincipal {
  return { type: 'key', id, name, role, namespaces, agents };
}
