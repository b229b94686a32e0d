import type { Action, KeyRecord, Question } from '../../protocol/policy.ts';
import type { PreviewChange } from '../../protocol/security/preview-types.ts';
import { principalOfKey } from '../authorize.ts';
import { decide, toolVerdict } from '../rules/decide.ts';
import type { RuleSet } from '../rules/rule-set.ts';
import type { AppliedDraft } from './draft-rules.ts';
import { hashAlias, type KnownAgent } from './known-agent.ts';
import type { Pace } from './pace.ts';

/** What a draft is compared over. */
export type Compared = {
  readonly before: RuleSet;
  /** The one that the preview answers. */
  readonly question: Question;
  readonly keys: readonly KeyRecord[];
  readonly agents: readonly KnownAgent[];
  readonly nowSeconds: number;
  readonly pace: Pace;
};

/** Questions that are compared for one preview, and changes that it lists. */
const MAX_COMPARED = 100_000;
const MAX_LISTED = 500;

/** What one preview may work: others wait for it. */
const MAX_WORK_MS = 5000;

/** Which answers a draft turns round: of every known key, agent and tool that it is about, as far as the bounds go. */
export async function changesOf(
  { rules: after, touched }: AppliedDraft,
  compared: Compared,
): Promise<{ readonly changes: readonly PreviewChange[]; readonly isTruncated: boolean }> {
  const { before, nowSeconds, pace } = compared;
  const changes: PreviewChange[] = [];
  let count = 0;
  for (const question of questionsAbout(
    new Set(touched.map(({ rule }) => rule.action)),
    compared,
  )) {
    count += 1;
    if (count > MAX_COMPARED || pace.workedMs() > MAX_WORK_MS) {
      return { changes, isTruncated: true };
    }
    await pace.giveWay();
    if (!touched.some(({ matches }) => matches(question))) continue;
    const was = outlook(before, question, nowSeconds);
    const is = outlook(after, question, nowSeconds);
    if (was === is) continue;
    if (changes.length === MAX_LISTED) return { changes, isTruncated: true };
    changes.push(change(question, was, is));
  }
  return { changes, isTruncated: false };
}

/** What a question is answered; of a tool call whose arguments are not known also `ask`: they, or the time, decide. */
export function outlook(
  rules: RuleSet,
  question: Question,
  nowSeconds: number,
): PreviewChange['before'] {
  const isOpen = question.action === 'call_tool' && question.args === undefined;
  return isOpen
    ? toolVerdict(rules, question, nowSeconds)
    : decide(rules, question, nowSeconds).answer;
}

function change(
  { principal, action, resource }: Question,
  before: PreviewChange['before'],
  after: PreviewChange['after'],
): PreviewChange {
  const key = principal.type === 'agent' ? principal.key : principal;
  return {
    principal: key ?? { type: 'agent', id: principal.id },
    ...(key && principal.type === 'agent' && { agentId: principal.id }),
    action,
    resource,
    before,
    after,
  };
}

function* questionsAbout(
  actions: ReadonlySet<Action>,
  { question: asked, keys, agents }: Compared,
): Generator<Question> {
  for (const agent of actions.has('load_module') ? agents : []) {
    const about = { action: 'load_module', resource: agent.modulePath } as const;
    yield { principal: { type: 'agent', id: agent.id }, ...about, ...hashAlias(agent) };
  }
  for (const key of keys.map(principalOfKey)) {
    if (actions.has('administer') && asked.action === 'administer') {
      yield { principal: key, action: 'administer', resource: asked.resource };
    }
    for (const { id, tools } of agents) {
      for (const action of ['run_agent', 'list_agents', 'read_runs'] as const) {
        if (actions.has(action)) yield { principal: key, action, resource: id };
      }
      for (const { name, provenance } of actions.has('call_tool') ? tools : []) {
        const isAsked = asked.action === 'call_tool' && asked.resource === name;
        yield {
          principal: { type: 'agent', id, key },
          action: 'call_tool',
          resource: name,
          ...(isAsked && asked.args !== undefined && { args: asked.args }),
          context: { agent_id: id, provenance },
        };
      }
    }
  }
}
