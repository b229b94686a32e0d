import { expect, test } from 'vitest';
import type { Rule } from '../../protocol/policy.ts';
import { unmatchedNames } from './unmatched-names.ts';

const ids = ['default/echo', 'labs/planner'];

const rule = (id: string, changes: Partial<Rule>): Rule => ({
  id,
  effect: 'deny',
  action: 'run_agent',
  principals: ['*'],
  resources: ['*'],
  tier: 3,
  source: 'config',
  ...changes,
});

test('patterns that no agent fits and namespaces without one are told, with what was meant', () => {
  const findings = unmatchedNames(
    {
      patterns: ['labs/*', '*', 'lab/*', 'labs/planer', 'Labs/Planner'],
      security: {
        namespaces: { labs: {}, defualt: {} },
        rules: [
          rule('fine', { resources: ['labs/x', '*/echo', 'LABS/*', 'echo'] }),
          rule('wrong', { resources: ['lbas/*', 'lbas/x'] }),
          rule('agents', { action: 'call_tool', principals: ['agent:billing/x', 'alice'] }),
          rule('modules', { action: 'load_module', resources: ['src/agents/A/agent.ts'] }),
        ],
      },
    },
    ids,
    '/app/gateway.yaml',
  );
  expect(findings.map(({ message }) => message)).toEqual([
    'agents: lab/* fits no agent, so what it gives is given to none. Did you mean labs/*?',
    'agents: labs/planer fits no agent, so what it gives is given to none. Did you mean labs/planner?',
    'security: namespaces.defualt names the namespace defualt, in which there is no agent. Did you mean default?',
    'security: rule wrong names the namespace lbas, in which there is no agent. Did you mean labs?',
    'security: rule agents names the namespace billing, in which there is no agent.',
  ]);
  expect(findings[0]).toMatchObject({ code: 'names_no_agent', severity: 'warning' });
});

test('nothing is told while there are no agents', () => {
  const security = { namespaces: { labs: {} }, rules: [] };
  expect(unmatchedNames({ patterns: ['labs/*'], security }, [], 'gateway.yaml')).toEqual([]);
});
