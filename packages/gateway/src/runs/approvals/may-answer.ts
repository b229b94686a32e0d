import type { Emit } from '../../events.ts';
import { principalOf } from '../../policy/authorize.ts';
import { decide } from '../../policy/rules/decide.ts';
import { compilePrincipals } from '../../policy/rules/rule-match.ts';
import type { RuleSet } from '../../policy/rules/rule-set.ts';
import {
  type Caller,
  type Decision,
  type Question,
  type Rule,
  tiers,
} from '../../protocol/policy.ts';
import type { Approval } from '../../protocol/state/approvals.ts';

export type MayAnswerDeps = {
  readonly rules: () => RuleSet;
  readonly nowSeconds: () => number;
  readonly emit: Emit;
};

/** Of a call that waits, what says who may answer. */
export type AskedOfWhom = Pick<
  Approval,
  'keyId' | 'user' | 'agentId' | 'tool' | 'ruleId' | 'approvers'
>;

/** Who may answer for a call. */
export type MayAnswer = {
  /** The decision, which is not recorded. */
  readonly decide: (by: AnsweringPerson, asked: AskedOfWhom) => Decided;
  /** Records one. */
  readonly record: (by: AnsweringPerson, decided: Decided) => void;
  /**
   * Whether somebody may know of it: also who could answer if the rule that asks named nobody, so that operators see what
   * waits for somebody else, and for whom.
   */
  readonly maySee: (by: AnsweringPerson, asked: AskedOfWhom) => boolean;
};

/** `user` is null where no end user is known, and undefined where any of the key's is meant. */
export type AnsweringPerson = { readonly caller: Caller; readonly user: string | null | undefined };

type Decided = { readonly question: Question; readonly decision: Decision };

/**
 * The key that asked may answer for itself, and operators for the agents in their reach, unless a rule says otherwise.
 * Where the rule that asks names who, these alone may, as far as no rule denies it.
 */
export function createMayAnswer({ rules, nowSeconds, emit }: MayAnswerDeps): MayAnswer {
  const decideByRules = (by: AnsweringPerson, asked: AskedOfWhom): Decided => {
    const question = questionOf(by, asked);
    return { question, decision: decide(rules(), question, nowSeconds()) };
  };
  const decideOn: MayAnswer['decide'] = (by, asked) => {
    const { question, decision } = decideByRules(by, asked);
    return { question, decision: narrowed(decision, question, asked) };
  };
  return {
    decide: decideOn,
    record(by, decided) {
      emit({ type: 'access_decided', ...decided, requestId: by.caller.requestId });
    },
    maySee(by, asked) {
      if (isOwn(by, asked) || decideOn(by, asked).decision.answer === 'allow') return true;
      return decideByRules(by, asked).decision.answer === 'allow';
    },
  };
}

function questionOf(by: AnsweringPerson, asked: AskedOfWhom): Question {
  return {
    principal: principalOf(by.caller),
    action: 'answer_approvals',
    resource: asked.agentId,
    isOwn: isOwn(by, asked),
    context: { agent_id: asked.agentId, ...(by.user ? { user: by.user } : {}) },
  };
}

function isOwn({ caller, user }: AnsweringPerson, asked: AskedOfWhom): boolean {
  return caller.keyId === asked.keyId && (user === undefined || user === asked.user);
}

function narrowed(decision: Decision, question: Question, asked: AskedOfWhom): Decision {
  const { approvers, ruleId } = asked;
  const isDenied = decision.answer !== 'allow' && decision.rule !== null;
  if (approvers === null || isDenied) return decision;
  const isNamed = compilePrincipals(approvers, 'allow')(question.principal);
  const rule: Rule = {
    id: ruleId ?? 'approvers',
    effect: isNamed ? 'allow' : 'deny',
    action: 'answer_approvals',
    principals: approvers,
    resources: [asked.agentId],
    tier: tiers.configAllow,
    source: 'config',
    reason: `The rule that asks for approval names who may answer: ${approvers.join(', ')}.`,
  };
  return { answer: rule.effect, rule };
}
