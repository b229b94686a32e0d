import type { FailureCode } from './errors.ts';
import type { Finding } from './protocol/diagnostics.ts';
import type { ApprovalEvent } from './protocol/events/approval-events.ts';
import type { PolicyEvent } from './protocol/events/policy-events.ts';
import type { UpstreamEvent } from './protocol/events/upstream-events.ts';
import type { AskedRun, RunOutcome } from './protocol/journal/journal.ts';
import type { Decision, Question } from './protocol/policy.ts';
import type { AgentKind } from './protocol/records.ts';
import type { BegunRun, DecidedRun, FailureDetail, Provenance, Usage } from './protocol/run.ts';
import type { CacheResult, ToolOutcome, ToolViolation } from './protocol/tools/gateway-tools.ts';
import type { ToolContents } from './protocol/tools/tool-call.ts';
import type { UnreadKind, UnreadOwner } from './protocol/unread-room.ts';
import type { ModelCalled } from './protocol/usage/model-called.ts';
import type { WorkerEvent } from './protocol/worker/worker-events.ts';

/** Everything the gateway says about itself. Listeners (log, metrics, usage, diagnostics) do the bookkeeping. */
export type GatewayEvent =
  | { readonly type: 'gateway_started'; readonly url: string; readonly pid: number }
  | {
      readonly type: 'gateway_stopping';
      readonly reason: string;
      /** How long the port stays open, so that others see first that it leaves. */
      readonly closesInMs: number;
    }
  | {
      readonly type: 'agent_loaded';
      readonly agentId: string;
      readonly modulePath: string;
      readonly generation: number;
      readonly loadMs: number;
    }
  | { readonly type: 'agent_removed'; readonly agentId: string; readonly modulePath: string }
  /** An operator went back to a kept generation, which serves now. */
  | {
      readonly type: 'agent_rolled_back';
      readonly agentId: string;
      readonly modulePath: string;
      readonly generation: number;
      /** Id of the key that did. */
      readonly by: string;
    }
  /** Such an agent follows its files again. */
  | {
      readonly type: 'agent_released';
      readonly agentId: string;
      readonly modulePath: string;
      /** Id of the key that released it; null where its files changed. */
      readonly by: string | null;
    }
  /** The process of an agent dies again and again without a finished run between; said once. */
  | {
      readonly type: 'agent_unsteady';
      readonly agentId: string;
      readonly modulePath: string;
      readonly generation: number;
      /** How often in a row. */
      readonly crashes: number;
      /** The last words, where there are any. */
      readonly detail: FailureDetail | null;
    }
  /** A run of such an agent finished, or it was loaded again. */
  | {
      readonly type: 'agent_steady';
      readonly agentId: string;
      readonly modulePath: string;
      readonly generation: number;
    }
  /** What is wrong with a module as of now: replaces what was reported of it before, an empty list clears it. */
  | {
      readonly type: 'findings_reported';
      readonly agentId: string | null;
      readonly modulePath: string;
      readonly findings: readonly Finding[];
      readonly servingGeneration: number | null;
    }
  /** Somebody took what was wrong with a module off the list; so much is left of it. */
  | {
      readonly type: 'findings_acknowledged';
      readonly agentId: string | null;
      /** Null where it was of no module. */
      readonly modulePath: string | null;
      readonly errors: number;
      readonly warnings: number;
    }
  | {
      readonly type: 'run_started';
      readonly runId: string;
      readonly requestId: string;
      readonly keyId: string;
      readonly agentId: string;
      readonly modulePath: string;
      readonly generation: number;
      /** How long it waited for a place among the agent's runs. */
      readonly waitedMs: number;
      readonly kind: AgentKind;
      /** Of its request, in the form of W3C Trace Context; null where that named none. */
      readonly traceparent: string | null;
      /** Whether its caller wants text as it comes. */
      readonly isStreamed: boolean;
      /** What it was asked, where that is recorded. */
      readonly asked?: AskedRun;
      /** The run whose record answers it, where it runs again. */
      readonly replayOf?: string;
      /** The run that waited and that it goes on with. */
      readonly resumes?: string;
      /** Whether one call of a model answers it: a prompt of a chat client's own. */
      readonly isTask?: true;
      /** For whom of its key's users it is, as the request said; null where it did not. */
      readonly user: string | null;
    }
  | {
      readonly type: 'run_ended';
      readonly runId: string;
      readonly requestId: string;
      readonly keyId: string;
      readonly agentId: string;
      readonly modulePath: string;
      readonly generation: number;
      /** Whether one call of a model answered it: a prompt of a chat client's own. */
      readonly isTask?: true;
      /** `finished`, `blocked` by a guardrail, `failed`, `cancelled`, or `interrupted`. */
      readonly outcome: RunOutcome;
      readonly code: FailureCode | null;
      readonly detail: FailureDetail | null;
      readonly durationMs: number;
      readonly firstTextMs: number | null;
      readonly isStreamed: boolean;
      readonly usage: Usage;
      /** Which guardrail stopped it, where one did. */
      readonly blockedBy: string | null;
    }
  /** A run said something, up to where it does something else; text and its letters, of which the first are told. */
  | {
      readonly type: 'run_said';
      readonly runId: string;
      readonly agentId: string;
      readonly text: string;
      readonly letters: number;
      /** Since its first letter. */
      readonly durationMs: number;
    }
  | {
      readonly type: 'run_handed_off';
      readonly runId: string;
      readonly agentId: string;
      /** Names of the agents within the module. */
      readonly fromAgent: string;
      readonly toAgent: string;
      /** How long ago. */
      readonly agoMs: number;
    }
  | {
      readonly type: 'tool_called';
      /** Null, as what says which agent, where an operator called it. */
      readonly runId: string | null;
      readonly requestId: string;
      readonly keyId: string;
      readonly agentId: string | null;
      readonly modulePath: string | null;
      readonly generation: number | null;
      readonly tool: string;
      /** The model's own id of the call; null where none is known. */
      readonly callId: string | null;
      /** Of its span, where whoever it asked was told of that. */
      readonly spanId: string | null;
      readonly provenance: Provenance;
      readonly outcome: ToolOutcome;
      readonly durationMs: number;
      /** How long ago it ended. */
      readonly agoMs: number;
      /** What the tool threw, where it failed and that is known. */
      readonly detail: FailureDetail | null;
      /** Null where no cache was asked. */
      readonly cache: CacheResult | null;
      readonly violation: ToolViolation | null;
      /** Of the arguments as JSON; null where that is not known. */
      readonly argumentBytes: number | null;
      readonly resultBytes: number | null;
      /** Why a gateway tool failed. */
      readonly error: string | null;
      /** What it was called with and gave, where that is recorded. */
      readonly contents: ToolContents | null;
    }
  | ModelCalled
  | ApprovalEvent
  | {
      readonly type: 'access_decided';
      readonly question: Question;
      readonly decision: Decision;
      readonly requestId: string | null;
      /** The run that asked, where one did. */
      readonly run?: DecidedRun;
      /** How many it stands for, where a run had too many to tell each. */
      readonly times?: number;
    }
  | {
      readonly type: 'request_ended';
      readonly requestId: string;
      readonly clientRequestId: string | null;
      /** The caller's own, or, where a proxy is trusted, the one it names. */
      readonly clientAddress: string | null;
      readonly keyId: string | null;
      readonly method: string;
      readonly path: string;
      /** Pattern of the route that answered; `unknown` where there is none. */
      readonly route: string;
      readonly status: number;
      readonly durationMs: number;
      /** The run that it began; null where it began none. */
      readonly run: BegunRun | null;
      /** The request whose answer it got, where it is a repeat; absent where it is none. */
      readonly repeatOf?: string;
      /** Whether a page of the console read something, or was read itself. */
      readonly isConsoleRead?: true;
      /** What it was refused or failed with before an answer began; null where it was not. */
      readonly code: FailureCode | null;
    }
  /** So many runs wait for a place among those of their agent, of all agents together. */
  | { readonly type: 'queue_changed'; readonly waiting: number }
  /** The store was asked for something. */
  | {
      readonly type: 'store_used';
      /** Part and method, such as `keys.list`. */
      readonly operation: string;
      readonly durationMs: number;
      readonly isFailure: boolean;
    }
  /** Spans went to the collector of traces, or did not. */
  | {
      readonly type: 'spans_exported';
      readonly sent: number;
      /** Lost, because the collector did not take them or too many waited. */
      readonly dropped: number;
      /** Told once an outage, and once when it is over. */
      readonly change: 'failing' | 'recovered' | null;
      readonly error: string | null;
    }
  /** The settings were read again. */
  | { readonly type: 'settings_read'; readonly problems: number }
  /** Something threw where only a handled failure was expected. */
  | {
      readonly type: 'request_failed';
      readonly requestId: string;
      readonly code: FailureCode;
      readonly error: unknown;
    }
  | WorkerEvent
  /** An answer was ended because too much waits for readers, of its owner or in all. */
  | { readonly type: 'unread_refused'; readonly owner: UnreadOwner; readonly kind: UnreadKind }
  | UpstreamEvent
  | PolicyEvent
  /** A key ends within a week; said once a day. */
  | {
      readonly type: 'key_expiring';
      readonly keyId: string;
      readonly keyName: string;
      /** Unix seconds. */
      readonly expiresAtSeconds: number;
    }
  /** Public keys of an issuer of tokens were read: others than before, or again after they could not be. */
  | { readonly type: 'issuer_keys_read'; readonly issuer: string; readonly keys: number }
  /** Public keys of an issuer of tokens cannot be read; said once until they can. */
  | {
      readonly type: 'issuer_keys_failed';
      readonly issuer: string;
      /** How long those serve on that are known. */
      readonly leftSeconds: number;
      readonly error: unknown;
    }
  /** A part of the gateway stayed alive over an error (a listener that threw, a store that is down). */
  | { readonly type: 'fault_survived'; readonly where: string; readonly error: unknown };

/** The event of a type. */
export type EventOf<Type extends GatewayEvent['type']> = Extract<GatewayEvent, { type: Type }>;

export type Emit = (event: GatewayEvent) => void;
