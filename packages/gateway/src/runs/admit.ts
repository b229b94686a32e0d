import { GatewayError } from '../errors.ts';
import type { Emit } from '../events.ts';
import { principalOf } from '../policy/authorize.ts';
import { decide, decideOnAgent } from '../policy/rules/decide.ts';
import type { RuleSet } from '../policy/rules/rule-set.ts';
import type { Finding } from '../protocol/diagnostics.ts';
import type { Caller, Decision, Question } from '../protocol/policy.ts';
import type { Manifest, ModuleLoad } from '../protocol/records.ts';
import type { RunInput } from '../protocol/run.ts';

/** What is served under a model id; `served` is null where no generation ever loaded. */
export type Agent = {
  readonly module: { readonly agentId: string; readonly modulePath: string };
  readonly served: {
    readonly generation: number;
    readonly load: ModuleLoad;
    readonly manifest: Manifest;
  } | null;
  readonly findings: readonly Finding[];
};

export type ServedAgent = NonNullable<Agent['served']> & Agent['module'];

export type AdmitDeps = {
  /** By model id, or by a bare name that only one agent `maySee` says yes to has. */
  readonly find: (
    modelId: string,
    maySee: (agentId: string) => boolean,
  ) => Promise<Agent | undefined>;
  readonly rules: () => RuleSet;
  readonly nowSeconds: () => number;
  readonly emit: Emit;
};

/** `again`: it was admitted before and had to wait; only a refusal is recorded. */
export type Admission = {
  readonly caller: Caller;
  readonly input: RunInput;
  readonly again?: true;
};

/**
 * Finds the agent that a caller asks for. One decision is recorded, that on running it, unless only seeing it is denied.
 *
 * @throws GatewayError `agent_not_found` (missing, or not visible to the key), `not_allowed`, `agent_unavailable`.
 */
export async function admit(deps: AdmitDeps, admission: Admission): Promise<ServedAgent> {
  const { input } = admission;
  const found = await deps.find(input.modelId, (agentId) => {
    const listing: Question = { ...aboutAgent(agentId, admission), action: 'list_agents' };
    return decide(deps.rules(), listing, deps.nowSeconds()).answer === 'allow';
  });
  if (!found) throw notFound(input);
  checkAccess(deps, found, admission);
  const { agentId } = found.module;
  if (!found.served) {
    throw new GatewayError(
      'agent_unavailable',
      `The agent '${agentId}' could not be loaded. Its operator finds the cause with GET /admin/agents/errors.`,
      { param: 'model', adminDetail: found.findings },
    );
  }
  return { ...found.served, ...found.module };
}

function aboutAgent(agentId: string, { caller, input: { user, metadata } }: Admission) {
  return {
    principal: principalOf(caller),
    resource: agentId,
    context: { agent_id: agentId, metadata, ...(user === undefined ? {} : { user }) },
  };
}

function checkAccess(deps: AdmitDeps, { module }: Agent, admission: Admission): void {
  const { caller, input, again } = admission;
  const { agentId, modulePath } = module;
  const question: Question = {
    ...aboutAgent(agentId, admission),
    ...{ modulePath, action: 'run_agent' },
  };
  const { running, listing } = decideOnAgent(deps.rules(), question, deps.nowSeconds());
  const mayRun = running.answer === 'allow';
  const maySee = listing.answer === 'allow';
  if (mayRun && maySee && again) return;
  const isHidden = mayRun && !maySee;
  deps.emit({
    type: 'access_decided',
    question: isHidden ? { ...question, action: 'list_agents' } : question,
    decision: isHidden ? listing : running,
    requestId: caller.requestId,
  });
  if (!maySee) throw notFound(input);
  if (!mayRun) throw notAllowed(agentId, running);
}

function notFound({ modelId }: RunInput): GatewayError {
  return new GatewayError(
    'agent_not_found',
    `The model '${modelId}' does not exist or you do not have access to it. GET /v1/models lists yours.`,
    { param: 'model' },
  );
}

function notAllowed(agentId: string, { rule }: Decision): GatewayError {
  const why = rule?.reason ? `: ${rule.reason.replace(/[.\s]+$/, '')}` : '';
  const detail = rule && { rule: rule.id, tier: rule.tier, source: rule.source };
  return new GatewayError(
    'not_allowed',
    `This key may not run '${agentId}'${why}. Ask an operator.`,
    { param: 'model', adminDetail: detail ?? { rule: null } },
  );
}
