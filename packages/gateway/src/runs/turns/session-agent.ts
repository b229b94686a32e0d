import { decide, decideOnAgent } from '../../policy/rules/decide.ts';
import type { RuleSet } from '../../policy/rules/rule-set.ts';
import type { Question } from '../../protocol/policy.ts';
import type { ModuleSettings } from '../../protocol/records.ts';
import { type AskedOf, aboutAgent } from '../agent-question.ts';

export type SessionAgentDeps = {
  /** By model id, or by a bare name that only one agent `maySee` says yes to has. */
  readonly find: (
    modelId: string,
    maySee: (agentId: string) => boolean,
  ) => Promise<
    | {
        readonly module: { readonly agentId: string; readonly modulePath: string };
        readonly served: { readonly manifest: { readonly settings: ModuleSettings } } | null;
      }
    | undefined
  >;
  readonly rules: () => RuleSet;
  readonly nowSeconds: () => number;
  /** What the operator says of an agent; undefined leaves it to its author. */
  readonly asSet: (agentId: string) => boolean | undefined;
};

/**
 * Tells the id of the agent that a caller has a session with. Null where the agent has none, and where the caller may not
 * ask it: the run that it wants is refused then, and nothing of it is kept.
 */
export type SessionAgent = (asked: AskedOf) => Promise<string | null>;

export function createSessionAgent(deps: SessionAgentDeps): SessionAgent {
  const { find, rules, nowSeconds, asSet } = deps;
  return async (asked) => {
    const about = (agentId: string, action: 'run_agent' | 'list_agents'): Question => ({
      ...aboutAgent(agentId, asked),
      action,
    });
    const found = await find(
      asked.input.modelId,
      (id) => decide(rules(), about(id, 'list_agents'), nowSeconds()).answer === 'allow',
    );
    if (!found?.served) return null;
    const { agentId, modulePath } = found.module;
    if (!(asSet(agentId) ?? found.served.manifest.settings.sessions ?? false)) return null;
    const question = { ...about(agentId, 'run_agent'), modulePath };
    const { running, listing } = decideOnAgent(rules(), question, nowSeconds());
    return running.answer === 'allow' && listing.answer === 'allow' ? agentId : null;
  };
}
