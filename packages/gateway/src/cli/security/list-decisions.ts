import type { Action, Effect } from '../../protocol/policy.ts';
import type { DecisionAnswer } from '../../protocol/security/answers.ts';
import type { DecisionQuery } from '../../protocol/security/decision-query.ts';
import { decisionToJson } from '../../protocol/security/to-json.ts';
import type { Store } from '../../protocol/store.ts';
import { type CommandContext, exitCodes } from '../command.ts';
import { table } from '../text-layout.ts';
import { findKey } from './find-key.ts';
import { withStore } from './with-store.ts';

/** Filters of `dropgate security decisions`. Times are ISO 8601. */
export type DecisionsOptions = {
  /** Id or name. */
  readonly key?: string;
  /** Id of a user of a key. */
  readonly user?: string;
  readonly agent?: string;
  readonly action?: Action;
  readonly effect?: Effect;
  readonly tool?: string;
  readonly rule?: string;
  readonly request?: string;
  readonly since?: string;
  readonly until?: string;
  readonly after?: string;
  readonly limit: number;
  readonly json?: true;
};

/** `dropgate security decisions`: what was allowed and denied, and by which rule, newest first. */
export async function listDecisions(
  context: CommandContext,
  options: DecisionsOptions,
): Promise<number> {
  const { terminal } = context;
  const page = await withStore(context, async ({ store }) =>
    store.decisions.list(await toQuery(store, options)),
  );
  const decisions = page.decisions.map(decisionToJson);
  if (options.json) {
    terminal.json({ decisions, next: page.next });
    return exitCodes.done;
  }
  if (decisions.length === 0) {
    terminal.note('No decision fits.');
    return exitCodes.done;
  }
  const head = ['TIME', 'EFFECT', 'ACTION', 'RESOURCE', 'KEY', 'AGENT', 'TIER', 'RULE'];
  for (const line of table([head, ...decisions.map(toRow)])) terminal.line(line);
  if (page.next !== null) terminal.note(`There are more: --after ${page.next}.`);
  return exitCodes.done;
}

async function toQuery(store: Store, options: DecisionsOptions): Promise<DecisionQuery> {
  const { key, agent, rule, request, json: _, ...rest } = options;
  return {
    ...rest,
    ...(key !== undefined && { keyId: await keyIdOf(store, key) }),
    ...(agent !== undefined && { agentId: agent.toLowerCase() }),
    ...(rule !== undefined && { ruleId: rule }),
    ...(request !== undefined && { requestId: request }),
  };
}

/** An id may be of what is no key of the store, such as this machine's command line, or a caller with a token. */
async function keyIdOf(store: Store, named: string): Promise<string> {
  if (/^(key_|local_|oidc:)/.test(named)) return named;
  return findKey(await store.keys.list(), named).id;
}

function toRow(decision: DecisionAnswer): string[] {
  return [
    decision.time,
    decision.effect,
    decision.action,
    decision.resource,
    decision.key_id ?? '-',
    decision.agent_id ?? '-',
    String(decision.tier),
    decision.rule_id ?? '-',
  ];
}
