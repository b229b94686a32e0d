import { GatewayError } from '../errors.ts';
import type { Action, KeyPrincipal } from '../protocol/policy.ts';
import { isScoped, scopesCover } from './rules/scopes.ts';

/** What an override is about. */
type Concern = {
  readonly principal: string;
  readonly action: Action;
  readonly resource: string;
  readonly breakGlass: boolean;
};

/**
 * Holds an override against what its maker may administer: operators permit and stop runs and tool calls only, and
 * a key with scopes, whatever its role, only what lies within them.
 *
 * @throws GatewayError `not_allowed` where it reaches further, with the field that does.
 */
export function checkOverrideReach(maker: KeyPrincipal, wanted: Concern): void {
  const beyond = beyondRole(maker, wanted) ?? beyondScopes(maker, wanted);
  if (beyond === null) return;
  throw new GatewayError(
    'not_allowed',
    `${remedies[beyond]} No override reaches further than its maker.`,
    {
      param: beyond,
    },
  );
}

/** Whether somebody could have made an override, and so may end it. */
export function isOverrideWithinReach(maker: KeyPrincipal, override: Concern): boolean {
  return beyondRole(maker, override) === null && beyondScopes(maker, override) === null;
}

const remedies = {
  action:
    'An operator makes overrides of list_agents, run_agent and call_tool; of administer only an admin does whose key has no scopes.',
  break_glass: 'Only an admin breaks glass.',
  resource: 'Name agents within the scopes of your own key.',
  principal: 'Name agents within the scopes of your own key, as in agent:labs/*.',
} as const;

type Field = keyof typeof remedies;

const actionsOfOperators: readonly Action[] = ['list_agents', 'run_agent', 'call_tool'];

function beyondRole({ role }: KeyPrincipal, { action, breakGlass }: Concern): Field | null {
  if (role === 'admin') return null;
  if (!actionsOfOperators.includes(action)) return 'action';
  return breakGlass ? 'break_glass' : null;
}

function beyondScopes(maker: KeyPrincipal, { action, principal, resource }: Concern): Field | null {
  if (!isScoped(maker)) return null;
  switch (action) {
    case 'list_agents':
    case 'run_agent':
    case 'read_runs':
    case 'raise_limits':
    case 'answer_approvals':
      return scopesCover(maker, resource.toLowerCase()) ? null : 'resource';
    // Tools and modules have no namespace: the agents do that call and load them.
    case 'call_tool':
    case 'load_module': {
      const agents = /^agent:(.*)$/s.exec(principal.toLowerCase())?.[1];
      return agents !== undefined && scopesCover(maker, agents) ? null : 'principal';
    }
    case 'administer':
      return 'action';
    default:
      return action satisfies never;
  }
}
