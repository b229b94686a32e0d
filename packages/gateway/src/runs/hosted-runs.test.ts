import { expect, test } from 'vitest';
import type { GatewayEvent } from '../events.ts';
import { builtInRules } from '../policy/rules/built-in.ts';
import { compileRules } from '../policy/rules/rule-set.ts';
import type { Effect, Rule } from '../protocol/policy.ts';
import type { HostedTool } from '../protocol/tools/hosted-tools.ts';
import { createHostedRuns } from './hosted-runs.ts';

const search: HostedTool = { name: 'web_search', aliases: ['web_search_preview'], isKnown: true };
const strange: HostedTool = { name: 'time_travel', aliases: [], isKnown: false };

function scene(unknown: Effect, ...given: Partial<Rule>[]) {
  const rules = given.map((rule, index): Rule => {
    const about = { action: 'call_tool', principals: ['*'], resources: ['*'] } as const;
    return { id: `r${index}`, effect: 'deny', ...about, tier: 3, source: 'config', ...rule };
  });
  const compiled = compileRules([...builtInRules(), ...rules]);
  const decided: string[] = [];
  const hosted = createHostedRuns({
    rules: () => compiled,
    nowSeconds: () => 0,
    unknownTools: () => unknown,
    emit: (event: GatewayEvent) => {
      if (event.type !== 'access_decided') return;
      const { question, decision } = event;
      decided.push(`${decision.answer} ${question.resource} ${decision.rule?.id}`);
    },
  });
  const decide = (tool: HostedTool, runId: string | null = null) =>
    hosted.decide({ agentId: 'default/a', runId }, tool);
  return { hosted, decide, decided };
}

test('a hosted tool outside of runs is what the agent may, and that is recorded once', () => {
  const { decide, decided } = scene('allow', { resources: ['web_search_preview'] });
  expect([decide(search), decide(search), decide(strange)]).toEqual(['deny', 'deny', 'allow']);
  expect(decided).toEqual(['deny web_search r0', 'allow time_travel agents-call-their-tools']);
});

test('a tool that the gateway does not know is denied where the settings say so and no rule allows it', () => {
  const { decide, decided } = scene('deny');
  expect([decide(search), decide(strange)]).toEqual(['allow', 'deny']);
  expect(decided.at(-1)).toBe('deny time_travel unknown-hosted-tools');
  const allowing = scene('deny', { effect: 'allow', tier: 5, resources: ['time_travel'] });
  expect(allowing.decide(strange)).toBe('allow');
});

test('a call that may be of several runs is allowed what each of them may', () => {
  const { hosted, decide } = scene('allow');
  const leave = ['deny', 'allow'].map((answer, index) =>
    hosted.enter({ runId: `run_${index}`, agentId: 'default/a', decide: () => answer as Effect }),
  );
  expect([decide(search), decide(search, 'run_0'), decide(search, 'run_1')]).toEqual([
    'deny',
    'deny',
    'allow',
  ]);
  leave[0]?.();
  expect(decide(search)).toBe('allow');
});
