import { type Rule, tiers } from '../../protocol/policy.ts';
import { type Administration, noAdministration } from './administration.ts';

/** What holds where nobody said otherwise (tier 7). What none of them allows is denied. */
export function builtInRules({
  operators,
  scrapers,
}: Administration = noAdministration): readonly Rule[] {
  return [
    builtIn('callers-run-agents', 'run_agent', 'role:caller'),
    builtIn('agents-call-their-tools', 'call_tool', 'agent:*'),
    // Of agents that run for an admin, the rule about agents says it.
    {
      ...builtIn('admins-call-tools', 'call_tool', 'role:admin'),
      exceptPrincipals: ['agent:*'],
    },
    builtIn('modules-below-the-roots-load', 'load_module', 'agent:*'),
    builtIn('admins-read-runs', 'read_runs', 'role:admin'),
    { ...builtIn('callers-answer-their-own', 'answer_approvals', 'role:caller'), ofOwn: true },
    builtIn('operators-answer-approvals', 'answer_approvals', 'role:operator'),
    builtIn('admins-administer', 'administer', 'role:admin'),
    {
      ...builtIn('operators-permit-for-a-while', 'administer', 'role:operator'),
      resources: operators,
    },
    { ...builtIn('metrics-keys-scrape', 'administer', 'role:metrics'), resources: scrapers },
  ];
}

function builtIn(id: string, action: Rule['action'], principal: string): Rule {
  return {
    id,
    effect: 'allow',
    action,
    principals: [principal],
    resources: ['*'],
    tier: tiers.builtIn,
    source: 'built_in',
  };
}
