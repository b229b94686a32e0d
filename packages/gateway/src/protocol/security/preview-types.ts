import type {
  Action,
  Decision,
  Effect,
  KeyPrincipal,
  Rule,
  RuleEffect,
  ToolVerdict,
} from '../policy.ts';
import type { RunLimits } from '../usage/run-limits.ts';

/** A short-lived rule to be made. */
export type NewOverride = {
  readonly principal: string;
  readonly action: Action;
  readonly resource: string;
  readonly effect: Effect;
  readonly ttlSeconds: number;
  readonly reason: string;
  readonly breakGlass: boolean;
  /** Of `raise_limits` alone. */
  readonly limits?: RunLimits | undefined;
};

/** A question, and what to try before it is answered. One of `keyId` and `principal` is there. */
export type PreviewRequest = {
  /** Id or name. */
  readonly keyId?: string;
  readonly principal?: string;
  /** Id of the person for whom a key that forwards its users asks. */
  readonly user?: string;
  readonly action: Action;
  readonly resource: string;
  /** Model id of the agent that calls a tool. */
  readonly agentId?: string;
  readonly args?: unknown;
  readonly draftRules?: readonly DraftRule[];
  readonly draftOverride?: DraftOverride;
};

/** A rule as it could stand in `gateway.yaml`. */
export type DraftRule = Omit<Rule, 'tier' | 'source' | 'effect' | 'requiresApproval'> & {
  readonly effect: RuleEffect;
};

/** An override as it could be made now. */
export type DraftOverride = Omit<NewOverride, 'ttlSeconds' | 'reason' | 'limits'>;

/** An override that would do. */
export type SuggestedOverride = DraftOverride & {
  /** Whether whoever asks may make it. */
  readonly isWithinReach: boolean;
};

/** What a question is answered, and what a draft would change. */
export type Preview = {
  readonly decision: Decision;
  /** Every rule that fits, in the order they are heard. */
  readonly matched: readonly Rule[];
  /** What of the question is not there, such as an agent, as sentences. */
  readonly warnings: readonly string[];
  /** The narrowest override that would allow what is denied; null where none would, and of what is not denied. */
  readonly smallestOverride: SuggestedOverride | null;
  /** Null without a draft. */
  readonly draft: {
    readonly before: Decision;
    readonly after: Decision;
    /** Who gains and who loses, of the known keys and agents. */
    readonly changes: readonly PreviewChange[];
    /** Not all was compared, or not all is listed. */
    readonly isTruncated: boolean;
  } | null;
};

/** One answer that a draft turns round. */
export type PreviewChange = {
  readonly principal: KeyPrincipal | { readonly type: 'agent'; readonly id: string };
  /** Of a tool call: the agent that makes it for the key. */
  readonly agentId?: string;
  readonly action: Action;
  readonly resource: string;
  readonly before: ToolVerdict;
  readonly after: ToolVerdict;
};
