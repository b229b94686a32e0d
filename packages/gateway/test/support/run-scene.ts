import { GatewayError } from '../../src/errors.ts';
import type { GatewayEvent } from '../../src/events.ts';
import { createAuthorize } from '../../src/policy/authorize.ts';
import { createRunsOfKeys } from '../../src/policy/keys/end-with-key.ts';
import { noLimits } from '../../src/policy/limits/key-limits.ts';
import { createTakeSlot } from '../../src/policy/limits/limit-checks.ts';
import { holdRunLimits } from '../../src/policy/limits/run-limits.ts';
import { createRunSlots } from '../../src/policy/limits/run-slots.ts';
import { builtInRules } from '../../src/policy/rules/built-in.ts';
import { compileRules } from '../../src/policy/rules/rule-set.ts';
import type { Caller, KeyRecord, Rule } from '../../src/protocol/policy.ts';
import type { PoolRun } from '../../src/protocol/pool.ts';
import type { ClientToolsMode, ModuleLoad, ModuleSettings } from '../../src/protocol/records.ts';
import {
  isLastEvent,
  type LastEvent,
  type RunEvent,
  type RunInput,
  type Usage,
} from '../../src/protocol/run.ts';
import type { RunEnding } from '../../src/protocol/run-ending.ts';
import { eventsOf, type RunSink, type RunSource } from '../../src/protocol/run-sink.ts';
import type { GatewayToolResult } from '../../src/protocol/tools/tool-call.ts';
import type { ToolVerdicts, WorkerRun } from '../../src/protocol/worker/messages.ts';
import type { KeepInterrupted } from '../../src/runs/approvals/keep-interrupted.ts';
import { createRunStarts } from '../../src/runs/start-run.ts';
import { sampleAgent, sampleManifest } from './manifest.ts';

export const usage: Usage = {
  requests: 2,
  inputTokens: 30,
  outputTokens: 4,
  cachedInputTokens: 0,
  reasoningTokens: 0,
};

export const answer: readonly RunEvent[] = [
  { type: 'text', delta: 'Hello' },
  { type: 'finished', reason: 'stop', usage },
];

export const caller: Caller = {
  keyId: 'key_1',
  keyName: 'alice',
  role: 'caller',
  namespaces: null,
  agents: null,
  requestId: 'req_1',
};

export const input: RunInput = {
  modelId: 'default/a',
  items: [{ role: 'user', parts: [{ type: 'text', text: 'Hi' }] }],
  settings: {},
  outputFormat: { type: 'text' },
  streamed: true,
  clientTools: false,
  metadata: {},
};

/** How things stand for a caller that wants a run. */
export type Scene = {
  readonly events?: readonly RunEvent[];
  /** What each run says, in place of that. */
  readonly say?: (run: WorkerRun) => readonly RunEvent[];
  /** Says nothing and ends only when the run is aborted. */
  readonly hangs?: boolean;
  /** A run that is cancelled goes on in its worker, until `letGo`. */
  readonly outlives?: boolean;
  /** Beside the built-in ones; ids, tiers and the like are filled in. */
  readonly rules?: readonly Partial<Rule>[];
  readonly settings?: ModuleSettings;
  /** What the operator says of tools that callers send. */
  readonly toolsAsSet?: ClientToolsMode;
  readonly outputType?: string;
  readonly served?: boolean;
  readonly known?: boolean;
  readonly draining?: boolean;
  readonly runTimeoutMs?: number;
  readonly queue?: {
    readonly maxConcurrentRuns?: number;
    readonly maxQueuedRuns?: number;
    readonly queueTimeoutMs?: number;
  };
  /** Runs that the key may have at once. */
  readonly concurrentRuns?: number;
  /** No worker ever gets a run. */
  readonly neverTaken?: boolean;
  readonly keepInterrupted?: KeepInterrupted;
  /** What is said of the key's budget. */
  readonly budget?: GatewayError;
};

/** `startRun` with real rules, slots and queue, over a pool that says what the scene has it say. */
export function scene(options: Scene = {}) {
  const emitted: GatewayEvent[] = [];
  const runs: WorkerRun[] = [];
  const signals: AbortSignal[] = [];
  const endings: RunEnding[] = [];
  const verdicts: ToolVerdicts[] = [];
  const listeners: (() => void)[] = [];
  const ruleSet = (rules: Scene['rules'] = []) =>
    compileRules([...builtInRules(), ...rules.map(configured)]);
  let rules = ruleSet(options.rules);
  const emit = (event: GatewayEvent) => void emitted.push(event);
  const stopping = new AbortController();
  if (options.draining) stopping.abort();
  const slots = createRunSlots();
  const keys = revocableKey();
  const { concurrentRuns = null } = options;
  const limitsOf = () => ({ account: 'key_0', limits: { ...noLimits, concurrentRuns } });
  const { startRun, resumeRun } = createRunStarts({
    agentIds: () => ['default/a', 'default/hidden'],
    find: async () => (options.known === false ? undefined : foundAgent(options)),
    ...(options.toolsAsSet && { clientTools: () => options.toolsAsSet }),
    async findInterrupted() {
      const { module, served } = foundAgent(options);
      if (!served) throw new GatewayError('generation_gone', 'Gone.');
      return { ...module, ...served };
    },
    ...(options.keepInterrupted && { keepInterrupted: options.keepInterrupted }),
    callTool: async () => someResult,
    enterHosted: () => () => undefined,
    enterMeter: () => () => undefined,
    runLimits: () => holdRunLimits([]),
    unknownHostedTools: () => 'allow',
    policy: {
      authorize: createAuthorize({ rules: () => rules, nowSeconds: () => 0, emit }),
      rules: () => rules,
      onChange: (listener) => listeners.push(listener),
    },
    limits: {
      takeSlot: createTakeSlot({ slots, limitsOf }),
      async checkBudget() {
        if (options.budget) throw options.budget;
      },
    },
    endWithKey: createRunsOfKeys(keys.known).endWithKey,
    taskModel: () => null,
    queue: () => ({
      maxConcurrentRuns: 64,
      maxQueuedRuns: 128,
      queueTimeoutMs: 30_000,
      ...options.queue,
    }),
    stopping: stopping.signal,
    nowSeconds: () => 0,
    run(_load, request) {
      runs.push(request.run);
      signals.push(request.signal);
      endings.push(request.ending);
      if (!options.neverTaken) request.onTaken?.();
      const gone = options.outlives ? () => undefined : request.ending.gone;
      const ending = { ...request.ending, gone };
      const said = options.hangs ? [] : (options.say?.(request.run) ?? options.events ?? answer);
      const send = pooled(said, { ...request, ending });
      return { sendTo: (sink) => void send(sink), decide: (decided) => verdicts.push(decided) };
    },
    defaults: () => ({ runTimeoutMs: options.runTimeoutMs ?? 60_000, toolEvents: 'reasoning' }),
    emit,
  });
  return {
    startRun,
    resumeRun,
    rules: () => rules,
    emit,
    emitted,
    runs,
    signals,
    /** Those that runs were given after they began. */
    verdicts,
    /** Whether the key may have one more run. */
    hasFreeSlot: () => slots.hasFree('key_0', concurrentRuns ?? 1),
    revoke: keys.revoke,
    stop: () => stopping.abort(),
    /** The workers say that nothing of their runs goes on. */
    letGo() {
      for (const ending of endings) ending.gone();
    },
    changeRules(changed: Scene['rules']) {
      rules = ruleSet(changed);
      for (const listener of listeners) listener();
    },
  };
}

/** Everything a run says. */
export function all(run: RunSource): Promise<RunEvent[]> {
  return Array.fromAsync(eventsOf(run));
}

function foundAgent({ served, settings = {}, outputType = 'text' }: Scene) {
  const manifest = sampleManifest({ settings, agents: [sampleAgent({ outputType })] });
  const finding = { stage: 'load', code: 'syntax_error', severity: 'error' } as const;
  return {
    module: { agentId: 'default/a', modulePath: 'src/agents/A/agent.ts' },
    served: served === false ? null : { generation: 3, load: {} as ModuleLoad, manifest },
    findings: [{ ...finding, message: 'Bad.' }],
  };
}

/** A rule of `gateway.yaml` against everybody and everything, but for what is said. */
function configured(parts: Partial<Rule>): Rule {
  return {
    id: 'r',
    effect: 'deny',
    action: 'run_agent',
    principals: ['*'],
    resources: ['*'],
    tier: 3,
    source: 'config',
    ...parts,
  };
}

/** The one key, which can be revoked. */
function revocableKey() {
  let revokedAtSeconds: number | null = null;
  const listeners: (() => void)[] = [];
  return {
    known: {
      find: () => ({ revokedAtSeconds }) as KeyRecord,
      onChange: (listener: () => void) => void listeners.push(listener),
    },
    revoke() {
      revokedAtSeconds = 1;
      for (const listener of listeners) listener();
    },
  };
}

/** What the pool makes of a run whose worker says this once it has a reader, and nothing more until it is cancelled. */
function pooled(said: readonly RunEvent[], { signal, ending, onEvent }: PoolRun) {
  const events = Promise.withResolvers<RunSink>();
  const end = (last: LastEvent) => {
    void events.promise.then((sink) => sink.write(last));
    ending.end(last);
    ending.gone();
  };
  let isOver = false;
  ending.onEnd(() => {
    isOver = true;
  });
  signal.addEventListener('abort', () => {
    const { reason } = signal;
    const { code, message } =
      reason instanceof GatewayError
        ? reason
        : new GatewayError('run_cancelled', 'The run was cancelled.');
    if (!isOver) end({ type: 'failed', code, message, usage });
  });
  return async (sink: RunSink) => {
    events.resolve(sink);
    for (const event of said) {
      if (isOver) return;
      if (isLastEvent(event)) {
        end(event);
        return;
      }
      onEvent?.(event);
      await sink.write(event);
    }
  };
}

const someResult: GatewayToolResult = {
  outcome: 'ok',
  text: 'read',
  durationMs: 5,
  cache: 'miss',
  violation: null,
  argumentBytes: 2,
  resultBytes: 4,
  error: null,
  detail: null,
};
