import { decide, toolVerdict } from '../policy/rules/decide.ts';
import { matchesGlob } from '../policy/rules/glob.ts';
import type { RuleSet } from '../policy/rules/rule-set.ts';
import type { Decision, Question, Rule, RunCaller, ToolVerdict } from '../protocol/policy.ts';
import type { Manifest, ToolDescription } from '../protocol/records.ts';
import type { Provenance } from '../protocol/run.ts';
import type { ToolVerdicts } from '../protocol/worker/messages.ts';

/** A run, as far as rules about its tools can tell it from others. */
export type ToolUser = RunCaller & {
  readonly agentId: string;
  readonly modulePath: string;
  readonly generation: number;
  readonly manifest: Manifest;
};

type ToolCall = {
  readonly tool: string;
  readonly provenance: Provenance;
  /** Absent where they are not known. */
  readonly args?: unknown;
};

/** Whether a run may call a tool, as rules are asked; without a caller, whether the agent may by itself. */
export function toolQuestion(
  user: Pick<ToolUser, 'agentId' | 'modulePath'> & Partial<RunCaller>,
  { tool, provenance, ...call }: ToolCall,
): Question {
  const { agentId, modulePath, key, request } = user;
  return {
    principal: { type: 'agent', id: agentId, ...(key ? { key } : {}) },
    action: 'call_tool',
    resource: tool,
    ...call,
    context: { agent_id: agentId, provenance, ...request },
    modulePath,
  };
}

/** What the rules of one moment say about the tools of a run. */
export type ToolTable = {
  readonly verdicts: ToolVerdicts;
  /** The decision behind a verdict; without arguments, so that what a rule says of them counts as deny. */
  readonly decisionOn: (tool: string, provenance: Provenance) => Decision;
};

export type ToolTablesDeps = {
  readonly rules: () => RuleSet;
  readonly nowSeconds: () => number;
};

export type ToolTables = {
  /** The table that holds now. Of two runs of one agent for one key it is the same object while rules see no difference. */
  readonly of: (user: ToolUser) => ToolTable;
  /** Whether a table may change by the clock alone. */
  readonly dependOnTime: () => boolean;
  /** Forgets what was kept: rules may say something else from now on. */
  readonly forget: () => void;
};

/** Tables kept until rules change; the oldest make room, such as those of generations that are gone. */
const maxKept = 10_000;

/** Decisions kept by a table: the names come from workers. */
const maxDecisions = 500;

export function createToolTables({ rules, nowSeconds }: ToolTablesDeps): ToolTables {
  const kept = new Map<string, ToolTable>();
  let known: { readonly rules: RuleSet; readonly facts: RuleFacts } | null = null;
  const current = () => {
    const now = rules();
    if (known?.rules !== now) {
      kept.clear();
      known = { rules: now, facts: readRuleFacts(now) };
    }
    return known;
  };
  return {
    of(user) {
      const { facts, ...asked } = { ...current(), nowSeconds: nowSeconds() };
      if (facts.isConditional) return createTable(user, { ...asked, facts });
      const { id: keyId, user: person } = user.key;
      const id = `${user.agentId}#${user.generation}#${keyId}#${person?.principal ?? ''}`;
      const before = kept.get(id);
      if (before) return before;
      const table = createTable(user, { ...asked, facts });
      const [oldest] = kept.size < maxKept ? [] : kept.keys();
      if (oldest !== undefined) kept.delete(oldest);
      kept.set(id, table);
      return table;
    },
    dependOnTime: () => current().facts.isTimed,
    forget: () => kept.clear(),
  };
}

type Asked = {
  readonly rules: RuleSet;
  readonly facts: RuleFacts;
  readonly nowSeconds: number;
};

function createTable(user: ToolUser, asked: Asked): ToolTable {
  const { rules, nowSeconds } = asked;
  const decisions = new Map<string, Decision>();
  const decisionOn: ToolTable['decisionOn'] = (tool, provenance) => {
    const id = `${provenance} ${tool}`;
    const question = toolQuestion(user, { tool, provenance });
    const decision = decisions.get(id) ?? decide(rules, question, nowSeconds);
    if (decisions.size < maxDecisions) decisions.set(id, decision);
    return decision;
  };
  const tools = user.manifest.agents.flatMap((agent) => agent.tools);
  const byName = Map.groupBy(tools, ({ name }) => name);
  const verdicts = [...byName].map(([name, all]): [string, ToolVerdict] => [
    name,
    agreed(all.map((tool) => verdictOn(tool, { user, asked, decisionOn }))),
  ]);
  return {
    verdicts: { otherwise: verdictOnOthers(user, asked), tools: Object.fromEntries(verdicts) },
    decisionOn,
  };
}

type Table = {
  readonly user: ToolUser;
  readonly asked: Asked;
  readonly decisionOn: ToolTable['decisionOn'];
};

function verdictOn({ name, type }: ToolDescription, { user, asked, decisionOn }: Table) {
  // What is called elsewhere is called with arguments that nobody here gets to see.
  if (type !== 'function' && type !== 'gateway') {
    if (type !== 'hosted_tool') return decisionOn(name, 'native').answer;
    // The model request makes the upstream ask, or says why it cannot; what is withheld here would be missing without a word.
    const { answer } = decisionOn(name, 'hosted');
    return answer === 'require_approval' ? 'allow' : answer;
  }
  // One of an MCP server, or one that the gateway gives, may have the name of one of the module's own.
  const provenances: Provenance[] = asked.facts.dependsOnProvenances(user)
    ? ['native', 'gateway', 'mcp']
    : ['native'];
  return agreed(
    provenances.map((provenance) => {
      const question = toolQuestion(user, { tool: name, provenance });
      return toolVerdict(asked.rules, question, asked.nowSeconds);
    }),
  );
}

/** Tools nobody knows beforehand: those of MCP servers, and of agents that are used as tools. */
function verdictOnOthers(user: ToolUser, { rules, facts, nowSeconds }: Asked): ToolVerdict {
  if (facts.dependsOnProvenances(user) || facts.dependsOnNames(user)) {
    return facts.mayNeedApproval(user) ? 'ask_approval' : 'ask';
  }
  const question = toolQuestion(user, { tool: '*', provenance: 'native' });
  return toolVerdict(rules, question, nowSeconds);
}

/** Where one name stands for several things that differ, the worker asks at each call. */
function agreed(verdicts: readonly ToolVerdict[]): ToolVerdict {
  const [first = 'ask', ...others] = verdicts;
  if (others.every((other) => other === first)) return first;
  return verdicts.some((verdict) => verdict.endsWith('approval')) ? 'ask_approval' : 'ask';
}

/** What the rules about tools look at, so that no more is asked than has to be. */
type RuleFacts = {
  /** Something beside agent, key and tool decides. */
  readonly isConditional: boolean;
  /** The clock decides, beside the ends of rules. */
  readonly isTimed: boolean;
  readonly dependsOnNames: (user: ToolUser) => boolean;
  readonly dependsOnProvenances: (user: ToolUser) => boolean;
  /** Whether a person may have to approve a call. */
  readonly mayNeedApproval: (user: ToolUser) => boolean;
};

/** Reads conditions by their words, which finds too much rather than too little. */
function readRuleFacts({ prepared }: RuleSet): RuleFacts {
  const about = prepared.filter(({ rule }) => rule.action === 'call_tool');
  const rules = about.map(({ rule }) => rule);
  const naming = rules.filter(
    (rule) =>
      !rule.resources.includes('*') ||
      (rule.exceptResources?.length ?? 0) > 0 ||
      rule.when?.includes('resource'),
  );
  const sorting = rules.filter((rule) => rule.provenances || rule.when?.includes('provenance'));
  return {
    isConditional: about.some(({ condition }) => condition !== null),
    isTimed: about.some(({ condition }) => condition?.needsClock),
    dependsOnNames: (user) => naming.some((rule) => mayConcern(rule, user)),
    dependsOnProvenances: (user) => sorting.some((rule) => mayConcern(rule, user)),
    mayNeedApproval: (user) =>
      rules.some((rule) => rule.requiresApproval && mayConcern(rule, user)),
  };
}

/** False only where all of the rule's principals are other agents. */
function mayConcern({ principals }: Rule, { agentId }: ToolUser): boolean {
  return principals.some(
    (pattern) =>
      !pattern.startsWith('agent:') || matchesGlob(pattern.toLowerCase(), `agent:${agentId}`),
  );
}
