import { GatewayError } from '../../errors.ts';
import type { Decision, KeyPrincipal, Question, Rule } from '../../protocol/policy.ts';
import type { Matrix, MatrixCell, MatrixRequest } from '../../protocol/security/matrix.ts';
import { principalOfKey } from '../authorize.ts';
import { decide } from '../rules/decide.ts';
import { matchesGlob } from '../rules/glob.ts';
import type { RuleSet } from '../rules/rule-set.ts';
import { isInScope } from '../rules/scopes.ts';
import { applyDraft } from './draft-rules.ts';
import type { KnownAgent } from './known-agent.ts';
import { createPace } from './pace.ts';
import { namedKey, type PreviewDeps } from './preview.ts';
import { outlook } from './preview-changes.ts';

/** Columns of one matrix, and cells of one page. */
const MAX_COLUMNS = 500;
const MAX_CELLS = 20_000;

/** What one page may work: others wait for it. */
const MAX_WORK_MS = 5000;

/**
 * Answers the same question for many keys and many agents, or tools of one agent, as live requests would be, and tells
 * which answers a draft turns round. Records nothing and changes nothing, and gives way to other work all the while.
 *
 * @param signal - Ends it, with its reason.
 * @throws GatewayError `invalid_value` where a principal, the agent or a draft cannot be.
 */
export type AccessMatrix = (
  viewer: KeyPrincipal,
  request: MatrixRequest,
  signal?: AbortSignal,
) => Promise<Matrix>;

/** Makes it from what previews are made of. */
export function createAccessMatrix(deps: PreviewDeps): AccessMatrix {
  return async (viewer, request, signal) => {
    const pace = createPace(signal);
    const before = deps.rules();
    const nowSeconds = deps.nowSeconds();
    const draft = await applyDraft(before, request, pace);
    const visible = deps.agents().filter(({ id }) => isInScope(viewer, id));
    const all = columnsOf(request, visible);
    const columns = all.slice(0, MAX_COLUMNS);
    const principals = principalsOf(request, deps);
    const start = principals.findIndex(({ id }) => id === request.after) + 1;
    const most = Math.max(1, Math.floor(MAX_CELLS / Math.max(1, columns.length)));
    const page = principals.slice(start, start + Math.min(request.limit, most));
    const known = createRuleList();
    const rows: Matrix['rows'][number][] = [];
    for (const principal of page) {
      if (rows.length > 0 && pace.workedMs() > MAX_WORK_MS) break;
      const cells: MatrixCell[] = [];
      for (const { question } of columns) {
        await pace.giveWay();
        const asked = question(principal);
        const was = cellOf(before, asked, nowSeconds);
        const is = draft ? cellOf(draft.rules, asked, nowSeconds) : was;
        const isOther = is.answer !== was.answer;
        cells.push({ ...known.add(is), ...(isOther && { before: known.add(was) }) });
      }
      rows.push({ principal, cells });
    }
    const isLast = start + rows.length >= principals.length;
    return {
      resources: columns.map(({ resource }) => resource),
      rules: known.list,
      rows,
      isTruncated: all.length > columns.length,
      next: isLast ? null : (rows.at(-1)?.principal.id ?? null),
    };
  };
}

type Column = {
  readonly resource: string;
  readonly question: (key: KeyPrincipal) => Question;
};

function columnsOf(request: MatrixRequest, agents: readonly KnownAgent[]): readonly Column[] {
  const { action, agentId, agents: wanted } = request;
  if (action === 'call_tool') return toolColumns(agentId, agents);
  return agents
    .filter(({ id }) => wanted === undefined || wanted.some((glob) => matchesGlob(glob, id)))
    .map(({ id }) => ({
      resource: id,
      question: (principal) => ({ principal, action, resource: id }),
    }));
}

function toolColumns(agentId: string | undefined, agents: readonly KnownAgent[]): Column[] {
  const agent = agents.find(({ id }) => id === agentId?.toLowerCase());
  if (!agent) {
    throw new GatewayError(
      'invalid_value',
      'Name as agent_id the agent whose tools are meant, one that has loaded and that your key reaches.',
      { param: 'agent_id' },
    );
  }
  const { id, tools } = agent;
  return tools.map(({ name, provenance }) => ({
    resource: name,
    question: (key) => ({
      principal: { type: 'agent', id, key },
      action: 'call_tool',
      resource: name,
      context: { agent_id: id, provenance },
    }),
  }));
}

function principalsOf({ principals }: MatrixRequest, deps: PreviewDeps): readonly KeyPrincipal[] {
  const keys = deps.keys();
  if (principals === undefined) return keys.map(principalOfKey);
  const { tokenHolder } = deps;
  return principals.map((written, at) =>
    namedKey(written, { keys, tokenHolder }, `principals[${at}]`),
  );
}

function cellOf(rules: RuleSet, question: Question, nowSeconds: number) {
  const { rule } = decide(rules, question, nowSeconds);
  return { answer: outlook(rules, question, nowSeconds), rule };
}

/** Each rule once, by the place that cells name it by. */
function createRuleList() {
  const list: Rule[] = [];
  const places = new Map<string, number>();
  const placeOf = (rule: Rule): number => {
    const { id, tier, effect, reason } = rule;
    const name = JSON.stringify([id, tier, effect, reason]);
    const place = places.get(name) ?? list.push(rule) - 1;
    places.set(name, place);
    return place;
  };
  return {
    list,
    add: ({ answer, rule }: { answer: MatrixCell['answer']; rule: Decision['rule'] }) => ({
      answer,
      rule: rule === null ? null : placeOf(rule),
    }),
  };
}
