import { type Action, roles } from '../../protocol/policy.ts';
import { isOfTokens } from '../../protocol/security/token-principal.ts';
import { isOfUsers, userPrefix } from '../../protocol/security/user-principal.ts';
import { escaped } from '../tokens/token-principal.ts';

/**
 * What keeps a pattern from ever fitting a principal: a sentence with the remedy, or null.
 * Known are keys (ids and names), `role:<role>`, `oidc:<issuer>:<subject>`, `user:<id>` and `agent:<model id>`, or `agent:tool:<name>`
 * for a module that gives a tool.
 */
export function principalProblem(pattern: string): string | null {
  if (pattern.startsWith('role:')) {
    return roles.some((role) => pattern === `role:${role}`)
      ? null
      : `There is no ${pattern}. The roles are ${roles.slice(0, -1).join(', ')} and ${roles.at(-1)}.`;
  }
  if (/^agent:tool:[\w*-]+$/.test(pattern)) return null;
  if (pattern.startsWith('agent:')) return agentProblem(pattern.slice('agent:'.length));
  if (isOfTokens(pattern)) return tokenProblem(pattern);
  if (isOfUsers(pattern)) return userProblem(pattern);
  return /^[\p{L}\p{N}*][\p{L}\p{N}._@* -]*$/u.test(pattern)
    ? null
    : `${shown(pattern)} is no principal. Write the id or name of a key, role:<role>, agent:<model id>, oidc:<issuer>:<subject> or user:<id>.`;
}

function tokenProblem(pattern: string): string | null {
  if (/^oidc:(\*|[a-z0-9*][a-z0-9._*-]*:[A-Za-z0-9._@%~*-]+)$/.test(pattern)) return null;
  const [, issuer = '', subject = ''] = /^oidc:([a-z0-9*][a-z0-9._*-]*):(.+)$/s.exec(pattern) ?? [];
  if (issuer === '') {
    return `${shown(pattern)} names no caller with a token. Write oidc:<name of the issuer>:<subject>, or oidc:<name of the issuer>:* for all of its callers.`;
  }
  const written = subject.split('*').map(escaped).join('*');
  return `${shown(pattern)} fits no subject as principals have it. Write oidc:${issuer}:${written}.`;
}

function userProblem(pattern: string): string | null {
  if (/^user:[A-Za-z0-9._@%~*-]+$/.test(pattern)) return null;
  const written = pattern.slice(userPrefix.length).split('*').map(escaped).join('*');
  return written === ''
    ? `${shown(pattern)} names no user. Write user:<id>, or user:* for all users that keys forward.`
    : `${shown(pattern)} fits no user as principals have it. Write user:${written}.`;
}

/** The same of a resource, which is a model id, a tool, a module or a route, by action. */
export function resourceProblem(action: Action, pattern: string): string | null {
  switch (action) {
    case 'list_agents':
    case 'run_agent':
    case 'read_runs':
    case 'raise_limits':
    case 'answer_approvals':
      return agentProblem(pattern);
    case 'load_module':
      return moduleProblem(pattern);
    case 'administer':
      return /^[/*]/.test(pattern)
        ? null
        : `${shown(pattern)} is no route. Routes begin with \`/\`.`;
    case 'call_tool':
      return pattern === '' ? 'No tool has an empty name. Name one, or write `*`.' : null;
    default:
      return action satisfies never;
  }
}

function agentProblem(pattern: string): string | null {
  if (!/^[a-z0-9._*/-]+$/i.test(pattern)) {
    return `${shown(pattern)} fits no model id. They have letters, digits, \`.\`, \`_\`, \`-\` and \`/\`; \`*\` stands for anything.`;
  }
  return /[/*]/.test(pattern)
    ? null
    : `${shown(pattern)} fits no model id, which has a namespace. Write default/${pattern}, or */${pattern} for any namespace.`;
}

function moduleProblem(pattern: string): string | null {
  if (pattern.startsWith('sha256:')) {
    return /^sha256:[0-9a-f]{64}$/.test(pattern)
      ? null
      : 'After `sha256:` come 64 digits in lower case hex, such as sha256sum prints.';
  }
  if (pattern.startsWith('tool:')) {
    const name = pattern.slice('tool:'.length);
    return `${shown(pattern)} fits no module. Write src/tools/${name}.*, or agent:${pattern} among the principals.`;
  }
  const isBelowRoot = !/^(\/|\.\/|[A-Za-z]:)|\\|(^|\/)\.\.(\/|$)/.test(pattern);
  return isBelowRoot
    ? null
    : `${shown(pattern)} fits no module. Write its path below the project root, such as src/agents/Echo/agent.ts.`;
}

function shown(pattern: string): string {
  return JSON.stringify(pattern.slice(0, 80));
}
