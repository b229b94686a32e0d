import type { Answer } from '../policy.ts';

/** A tool that runs at the upstream, as a model request declares it. */
export type HostedTool = {
  /** What rules call it: `web_search`, `mcp:<host of its server>`. */
  readonly name: string;
  /** What they may also call it: its type as it stands in the request. */
  readonly aliases: readonly string[];
  /** Whether the gateway knows what a tool of this type does. */
  readonly isKnown: boolean;
};

/** What becomes of a model request that declares a tool which rules deny. */
export const deniedHostedTools = ['remove', 'refuse'] as const;

export type DeniedHostedTools = (typeof deniedHostedTools)[number];

/** What becomes of a hosted tool; `require_approval`: a person has to approve each use, and the upstream to ask for it. */
export type HostedAnswer = Answer;

/**
 * Whether a person approved a call of a hosted tool that a run waited for, by the upstream's id of the question. `runId` is
 * null where a call belongs to no single one.
 */
export type IsApprovedHosted = (
  asked: { readonly agentId: string; readonly runId: string | null },
  questionId: string,
) => boolean;

/** Decides about a hosted tool, and records the answer once a run. `runId` is null where a call belongs to no single one. */
export type DecideHosted = (
  asked: { readonly agentId: string; readonly runId: string | null },
  tool: HostedTool,
) => HostedAnswer;
