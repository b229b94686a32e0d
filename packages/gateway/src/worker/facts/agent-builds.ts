import { bareExpression, identifierName, keyName } from './syntax.ts';

/** True for `new Agent(…)`, `new TriageAgent(…)`, `new sdk.Agent(…)` and `Agent.create(…)`, of text agents. */
export function isAgentBuild(value: unknown): boolean {
  const name = builtClass(value);
  return name !== null && /Agent$/.test(name) && name !== 'RealtimeAgent';
}

/** Name of the class that an expression makes an object of, null where it makes none. */
export function builtClass(value: unknown): string | null {
  const node = bareExpression(value);
  const callee = bareExpression(node?.callee);
  if (!node || !callee) return null;
  if (node.type === 'NewExpression') return identifierName(callee) ?? keyName(callee);
  const isCreate =
    node.type === 'CallExpression' &&
    callee.type === 'MemberExpression' &&
    keyName(callee) === 'create';
  return isCreate ? identifierName(callee.object) : null;
}
