import { GatewayError } from '../errors.ts';
import type { RollbackDeps } from '../http/deps.ts';
import { type Authorize, principalOf } from '../policy/authorize.ts';
import { isInScope } from '../policy/rules/scopes.ts';
import type { Caller } from '../protocol/policy.ts';
import type { RollBack } from '../registry/roll-back.ts';

/** Going back as routes offer it: each caller within its scopes, and each attempt decided about with its agent. */
export function createRollbackRoutes(rollBack: RollBack, authorize: Authorize): RollbackDeps {
  return {
    generations: async (viewer, agent) => rollBack.generations(withinScope(viewer, agent)),
    async rollBack(caller, { agent, to }) {
      const agentId = withinScope(caller, agent);
      decide(authorize, caller, agentId);
      return rollBack.rollBack(agentId, { to, by: caller.keyId });
    },
    async release(caller, agent) {
      const agentId = withinScope(caller, agent);
      decide(authorize, caller, agentId);
      return rollBack.release(agentId, caller.keyId);
    },
  };
}

/** Beyond its scopes there is nothing that a caller could know of. */
function withinScope(caller: Caller, agent: string): string {
  const agentId = agent.toLowerCase();
  if (isInScope(caller, agentId)) return agentId;
  const message = `There is no agent ${agentId}. GET /admin/agents lists them.`;
  throw new GatewayError('agent_not_found', message, { param: 'agent' });
}

function decide(authorize: Authorize, caller: Caller, agentId: string): void {
  const { answer, rule } = authorize(
    {
      principal: principalOf(caller),
      action: 'administer',
      resource: '/agents/rollback',
      context: { agent_id: agentId },
    },
    caller.requestId,
  );
  if (answer === 'allow') return;
  const why = rule?.reason ? `: ${rule.reason.replace(/[.\s]+$/, '')}` : '';
  throw new GatewayError('not_allowed', `This key may not roll back ${agentId}${why}.`);
}
