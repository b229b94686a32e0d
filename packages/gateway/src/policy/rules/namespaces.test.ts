import { describe, expect, test } from 'vitest';
import { keyPrincipal } from '../../../test/support/policy-kit.ts';
import type { KeyPrincipal, Question, Role } from '../../protocol/policy.ts';
import type { Provenance } from '../../protocol/run.ts';
import { builtInRules } from './built-in.ts';
import { decide } from './decide.ts';
import type { NamespaceSettings } from './namespaces.ts';
import { namespaceRules } from './namespaces.ts';
import { compileRules } from './rule-set.ts';

function answer(settings: NamespaceSettings, question: Question): string {
  const rules = compileRules([...namespaceRules({ labs: settings }), ...builtInRules()]);
  const { answer: given, rule } = decide(rules, question, 0);
  return `${given} ${rule?.tier ?? 8}`;
}

function running(principal: KeyPrincipal, resource = 'labs/x'): Question {
  return { principal, action: 'run_agent', resource };
}

function calling(resource: string, provenance?: Provenance, id = 'labs/x'): Question {
  const principal = { type: 'agent', id, key: keyPrincipal('caller') } as const;
  return { principal, action: 'call_tool', resource, context: provenance ? { provenance } : {} };
}

function loading(resource: string, aliases: string[] = []): Question {
  return { principal: { type: 'agent', id: 'labs/x' }, action: 'load_module', resource, aliases };
}

describe('the default of a namespace', () => {
  test.each([
    ['deny', 'admin', 'deny 6'],
    ['deny', 'caller', 'deny 6'],
    ['allow', 'caller', 'allow 6'],
    ['allow', 'admin', 'allow 6'],
    ['allow', 'metrics', 'deny 0'],
    [['role:operator'], 'operator', 'allow 6'],
    [['role:operator'], 'admin', 'allow 6'],
    [['role:operator'], 'caller', 'deny 6'],
    [['call*'], 'caller', 'allow 6'],
    [['key_caller'], 'caller', 'allow 6'],
    [['key_caller'], 'admin', 'deny 6'],
    [[], 'admin', 'deny 6'],
  ] as const)('run_agents: %j answers a key of role %s: %s', (runAgents, role, expected) => {
    expect(answer({ runAgents }, running(keyPrincipal(role as Role)))).toBe(expected);
  });

  test('says nothing of other namespaces, nor of what it leaves out', () => {
    expect(answer({ runAgents: 'deny' }, running(keyPrincipal('caller'), 'default/x'))).toBe(
      'allow 7',
    );
    expect(answer({}, running(keyPrincipal('caller')))).toBe('allow 7');
    expect(answer({ tools: [] }, calling('weather', 'mcp', 'default/x'))).toBe('allow 7');
    expect(answer({ runAgents: 'deny' }, calling('weather', 'native'))).toBe('allow 7');
  });

  test('opens nothing to a key whose scopes lie elsewhere', () => {
    const elsewhere = keyPrincipal('caller', { namespaces: ['default'] });
    expect(answer({ runAgents: 'allow' }, running(elsewhere))).toBe('deny 0');
  });

  test.each([
    [{ nativeTools: 'deny' }, 'search', 'native', 'deny 6'],
    [{ nativeTools: 'deny' }, 'search', 'mcp', 'allow 7'],
    [{ nativeTools: 'allow' }, 'search', 'native', 'allow 6'],
    [{ tools: ['fetch_doc'] }, 'fetch_doc', 'gateway', 'allow 6'],
    [{ tools: ['fetch_doc'] }, 'weather', 'gateway', 'deny 6'],
    [{ tools: ['fetch_doc'] }, 'web_search', 'hosted', 'deny 6'],
    [{ tools: ['fetch_doc'] }, 'search', 'native', 'allow 7'],
    [{ tools: ['read_*'] }, 'read_file', 'mcp', 'allow 6'],
    [{ tools: [] }, 'read_file', 'mcp', 'deny 6'],
    [{ tools: ['fetch_doc'] }, 'weather', undefined, 'deny 6'],
    [{ tools: ['fetch_doc'] }, 'fetch_doc', undefined, 'allow 7'],
    [{ nativeTools: 'deny', tools: ['*'] }, 'weather', undefined, 'deny 6'],
  ] as const)('%j answers a call of %s (%s): %s', (settings, tool, provenance, expected) => {
    expect(answer(settings, calling(tool, provenance))).toBe(expected);
  });

  const pin = `sha256:${'a'.repeat(64)}`;
  test.each([
    [['src/agents/labs/**'], 'src/agents/labs/X/agent.ts', [], 'allow 6'],
    [['src/agents/labs/**'], 'src/agents/X/agent.ts', [], 'deny 6'],
    [[pin], 'src/agents/labs/X/agent.ts', [pin], 'allow 6'],
    [[pin], 'src/agents/labs/X/agent.ts', [`sha256:${'b'.repeat(64)}`], 'deny 6'],
    [[], 'src/agents/labs/X/agent.ts', [], 'deny 6'],
  ] as const)('modules.allow: %j answers %s %j: %s', (allow, path, aliases, expected) => {
    expect(answer({ modules: { allow } }, loading(path, [...aliases]))).toBe(expected);
  });
});
