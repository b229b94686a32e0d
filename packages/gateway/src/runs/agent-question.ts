import { principalOf } from '../policy/authorize.ts';
import type { Caller } from '../protocol/policy.ts';
import type { RunInput } from '../protocol/run.ts';

/** What a caller asks of an agent. */
export type AskedOf = { readonly caller: Caller; readonly input: RunInput };

/** What every question has that rules are asked about it. */
export function aboutAgent(agentId: string, { caller, input: { user, metadata } }: AskedOf) {
  return {
    principal: principalOf(caller),
    resource: agentId,
    context: { agent_id: agentId, metadata, ...(user === undefined ? {} : { user }) },
  };
}

/** Whose limits a run is held to: its key's, and those of the user whom it is for. */
export function accountsOf({ keyId, user }: Caller): readonly string[] {
  return user?.account === undefined ? [keyId] : [keyId, user.account];
}
