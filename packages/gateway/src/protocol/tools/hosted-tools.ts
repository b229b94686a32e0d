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

/** What a server at the upstream asked before it calls one of its tools; `tool` is null where that is not known. */
export type HostedQuestion = {
  /** The upstream's own. */
  readonly id: string;
  readonly tool: string | null;
};

/**
 * Whether a person approved a call of a hosted tool that a run waited for. `runId` is null where a call belongs to no single
 * one.
 */
export type IsApprovedHosted = (
  asked: { readonly agentId: string; readonly runId: string | null },
  question: HostedQuestion,
) => boolean;

/** Decides about a hosted tool, and records the answer once a run. `runId` is null where a call belongs to no single one. */
export type DecideHosted = (
  asked: { readonly agentId: string; readonly runId: string | null },
  tool: HostedTool,
) => HostedAnswer;
