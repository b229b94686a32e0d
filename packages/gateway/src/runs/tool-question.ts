import type { KeyPrincipal, Question } from '../protocol/policy.ts';
import type { Manifest } from '../protocol/records.ts';
import type { Provenance } from '../protocol/run.ts';

/** A run, as far as rules about its tools can tell it from others. */
export type ToolUser = {
  readonly agentId: string;
  readonly modulePath: string;
  readonly generation: number;
  readonly manifest: Manifest;
  readonly key: KeyPrincipal;
  /** `user` and `metadata` of the request. */
  readonly request: Pick<NonNullable<Question['context']>, 'user' | 'metadata'>;
};

export type ToolCall = {
  readonly tool: string;
  readonly provenance: Provenance;
  /** Absent where they are not known. */
  readonly args?: unknown;
};

/** Whether a run may call a tool, as rules are asked. */
export function toolQuestion(user: ToolUser, { tool, provenance, ...call }: ToolCall): Question {
  const { agentId, modulePath, key, request } = user;
  return {
    principal: { type: 'agent', id: agentId, key },
    action: 'call_tool',
    resource: tool,
    ...call,
    context: { agent_id: agentId, provenance, ...request },
    modulePath,
  };
}
