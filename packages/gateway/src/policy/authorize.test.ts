import { expect, test } from 'vitest';
import type { GatewayEvent } from '../events.ts';
import { administration } from '../http/routes.ts';
import { createEvents } from '../observability/event-emitter.ts';
import type { Rule } from '../protocol/policy.ts';
import { createAuthorize, principalOf } from './authorize.ts';
import { builtInRules } from './rules/built-in.ts';
import { compileRules } from './rules/rule-set.ts';

const caller = {
  keyId: 'key_1',
  keyName: 'alice',
  role: 'caller',
  namespaces: ['labs'],
  agents: null,
  requestId: 'req_1',
} as const;

function setup(rules: readonly Rule[] = builtInRules(administration)) {
  const events = createEvents();
  const heard: GatewayEvent[] = [];
  events.listen((event) => heard.push(event));
  let nowSeconds = 100;
  const authorize = createAuthorize({
    rules: () => compileRules(rules, administration),
    nowSeconds: () => nowSeconds,
    emit: events.emit,
  });
  return {
    authorize,
    heard,
    setNow: (seconds: number) => {
      nowSeconds = seconds;
    },
  };
}

test('emits one event for each decision, allow or deny', () => {
  const { authorize, heard } = setup();
  const principal = principalOf(caller);
  const allowed = { principal, action: 'run_agent', resource: 'labs/a' } as const;
  const denied = { principal, action: 'run_agent', resource: 'default/a' } as const;
  expect(authorize(allowed, 'req_1').answer).toBe('allow');
  expect(authorize(denied, null).answer).toBe('deny');
  expect(heard).toMatchObject([
    {
      type: 'access_decided',
      question: allowed,
      decision: { answer: 'allow', rule: { id: 'callers-run-agents', tier: 7 } },
      requestId: 'req_1',
    },
    {
      type: 'access_decided',
      question: denied,
      decision: { answer: 'deny', rule: { id: 'key-scopes' } },
      requestId: null,
    },
  ]);
});

test('asks the clock and the rules for each decision', () => {
  const rule: Rule = {
    id: 'short',
    effect: 'allow',
    action: 'administer',
    principals: ['alice'],
    resources: ['*'],
    tier: 4,
    source: 'override',
    expiresAtSeconds: 200,
  };
  const { authorize, setNow } = setup([rule]);
  const question = {
    principal: principalOf(caller),
    action: 'administer',
    resource: '/security/rules',
  } as const;
  expect(authorize(question, null).answer).toBe('allow');
  setNow(200);
  expect(authorize(question, null).answer).toBe('deny');
});
