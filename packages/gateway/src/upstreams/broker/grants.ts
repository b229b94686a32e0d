import { randomBytes } from 'node:crypto';
import { type FailureCode, GatewayError } from '../../errors.ts';
import type { ModelAccess, RunOrigin } from '../../protocol/pool.ts';
import { noUsage, type Usage } from '../../protocol/run.ts';

const TOKEN_BYTES = 32;

/** What a worker may have open in any case: over its channel a call costs a line, and a connection not much more. */
const LEAST_OPEN_CALLS = 1000;

/** Where it may have more runs than that: a run may call two models at a time, or has ended one call and begins the next. */
const CALLS_OF_RUN = 2;

/** One call of a worker, from its first header to its last byte. */
export type LiveCall = {
  readonly runId: string | null;
  readonly keyId: string | null;
  /** Of the runs it may belong to, where that is not known. */
  readonly possibleKeyIds: readonly string[];
  /** The account of a user whom it may be for, where its run is not known: what holds for one holds for all. */
  readonly possibleUser: string | null;
  /** Of its run; null where it belongs to no single one. */
  readonly origin: RunOrigin | null;
  /** Whether its worker had no run when it came; `possibleKeyIds` are then those whose runs it has had. */
  readonly isOutside: boolean;
  /** Aborts with a `GatewayError` when the run ends, the token is revoked or `abort` is called. */
  readonly signal: AbortSignal;
  abort(message: string): void;
  /** Books what the call has cost. */
  spent(usage: Usage): void;
  /** Remembers with what it was refused. */
  refused(code: FailureCode): void;
  end(): void;
};

/** A live token, as the broker sees it. */
export type Grant = {
  readonly agentId: string;
  /** Whether no call of it goes to an upstream. */
  readonly isClosed: boolean;
  /** Null where the agent names none. */
  upstreamName(): string | null;
  /**
   * Books a call on the run named, without a name on the sole live run, else on the sole key that has runs here, else
   * on the worker: so also one that comes while no run lives.
   *
   * @throws GatewayError `not_allowed` where the run named is no live run of this token, `overloaded` where it has as many calls
   *   open as it may.
   */
  openCall(runId: string | undefined): LiveCall;
};

/** A worker's access, but for the way over its channel. */
export type IssuedAccess = Omit<ModelAccess, 'answerOver'>;

export type Grants = {
  issue(agentId: string, kind?: { readonly isClosed: boolean }): IssuedAccess;
  find(token: string): Grant | undefined;
  revokeAll(): void;
};

/**
 * The live tokens of workers. A token is random and looked up whole, so no comparison leaks it.
 *
 * @param mostRuns - Runs that an agent may have at the same time; its calls are bounded so that each of them can ask its model.
 */
export function createGrants(baseUrl: () => string, mostRuns = 0): Grants {
  const mostCalls = Math.max(LEAST_OPEN_CALLS, mostRuns * CALLS_OF_RUN);
  const held = new Map<string, { grant: Grant; access: IssuedAccess }>();
  return {
    find: (token) => held.get(token)?.grant,
    issue(agentId, kind = { isClosed: false }) {
      const token = `dgw_${randomBytes(TOKEN_BYTES).toString('base64url')}`;
      const issued = createGrant(agentId, { isClosed: kind.isClosed, mostCalls });
      const access: IssuedAccess = {
        baseUrl: baseUrl(),
        token,
        setUpstream: issued.setUpstream,
        startRun: issued.startRun,
        usageOf: (runId) => issued.runs.get(runId)?.usage ?? null,
        hasRefused: (runId, code) => issued.runs.get(runId)?.refusals.has(code) ?? false,
        endRun(runId) {
          issued.runs.delete(runId);
          issued.abortCalls((call) => call.runId === runId, 'The run ended.');
        },
        revoke() {
          held.delete(token);
          issued.abortCalls(() => true, 'The worker is gone.');
        },
      };
      held.set(token, { grant: issued.grant, access });
      return access;
    },
    revokeAll() {
      for (const { access } of [...held.values()]) access.revoke();
    },
  };
}

/** @throws GatewayError `key_invalid` for a token that is none, or none any more. */
export function grantOfToken(grants: Pick<Grants, 'find'>, token: string | undefined): Grant {
  const grant = token === undefined ? undefined : grants.find(token);
  if (grant) return grant;
  throw new GatewayError(
    'key_invalid',
    'This endpoint takes the tokens of live agent processes only; agents find theirs in OPENAI_API_KEY.',
  );
}

function createGrant(
  agentId: string,
  { isClosed, mostCalls }: { readonly isClosed: boolean; readonly mostCalls: number },
) {
  const runs = new Map<string, LiveRun>();
  const servedKeyIds = new Set<string>();
  let servedUser: string | null = null;
  const calls = new Set<LiveCall>();
  let upstreamName: string | null = null;
  const grant: Grant = {
    agentId,
    isClosed,
    upstreamName: () => upstreamName,
    openCall(named) {
      if (named !== undefined && !runs.has(named)) {
        throw new GatewayError('not_allowed', 'The run this call names is not live.');
      }
      if (calls.size >= mostCalls) throw tooMany(mostCalls);
      const runId = named ?? soleRun(runs);
      const run = runId === null ? undefined : runs.get(runId);
      const isOutside = runs.size === 0;
      const possible = run ? [] : [...runs.values()];
      const live = new Set(possible.map(({ keyId }) => keyId));
      const call = createCall({
        runId,
        run,
        possible,
        keyIds: [...(isOutside ? servedKeyIds : live)],
        user: run ? null : isOutside ? servedUser : userOf(possible),
        isOutside,
        onEnd: (ended) => calls.delete(ended),
      });
      calls.add(call);
      return call;
    },
  };
  return {
    grant,
    runs,
    startRun(runId: string, keyId: string, origin?: RunOrigin) {
      runs.set(runId, { keyId, origin: origin ?? null, usage: noUsage, refusals: new Set() });
      servedKeyIds.add(keyId);
      servedUser = origin?.userAccount ?? servedUser;
    },
    setUpstream(name: string) {
      upstreamName = name;
    },
    abortCalls(matches: (call: LiveCall) => boolean, message: string) {
      for (const call of [...calls].filter(matches)) call.abort(message);
    },
  };
}

type LiveRun = {
  readonly keyId: string;
  readonly origin: RunOrigin | null;
  usage: Usage;
  readonly refusals: Set<FailureCode>;
};

function createCall(options: CallOptions): LiveCall {
  const { runId, run, possible, keyIds, user, isOutside, onEnd } = options;
  const controller = new AbortController();
  const call: LiveCall = {
    runId,
    keyId: run?.keyId ?? (isOutside ? null : soleKey(keyIds)),
    possibleKeyIds: keyIds,
    possibleUser: user,
    origin: run?.origin ?? null,
    isOutside,
    signal: controller.signal,
    abort: (message) => controller.abort(new GatewayError('run_cancelled', message)),
    spent(usage) {
      if (run) run.usage = plus(run.usage, usage);
    },
    refused(code) {
      for (const { refusals } of run ? [run] : possible) refusals.add(code);
    },
    end: () => onEnd(call),
  };
  return call;
}

type CallOptions = {
  readonly runId: string | null;
  readonly run: LiveRun | undefined;
  /** Those it may be of, where it is not known. */
  readonly possible: readonly LiveRun[];
  /** Whose it may be. */
  readonly keyIds: readonly string[];
  readonly user: string | null;
  readonly isOutside: boolean;
  readonly onEnd: (call: LiveCall) => void;
};

function userOf(possible: readonly LiveRun[]): string | null {
  return possible.find(({ origin }) => origin?.userAccount)?.origin?.userAccount ?? null;
}

function plus(sum: Usage, usage: Usage): Usage {
  return {
    requests: sum.requests + usage.requests,
    inputTokens: sum.inputTokens + usage.inputTokens,
    outputTokens: sum.outputTokens + usage.outputTokens,
    cachedInputTokens: sum.cachedInputTokens + usage.cachedInputTokens,
    reasoningTokens: sum.reasoningTokens + usage.reasoningTokens,
  };
}

function soleKey(keyIds: readonly string[]): string | null {
  return keyIds.length === 1 ? (keyIds[0] ?? null) : null;
}

function soleRun(runs: ReadonlyMap<string, LiveRun>): string | null {
  const [only] = runs.keys();
  return runs.size === 1 && only !== undefined ? only : null;
}

function tooMany(mostCalls: number): GatewayError {
  return new GatewayError(
    'overloaded',
    `The agent has ${mostCalls} unfinished model calls. Send this one again when others have ended.`,
    { retryAfterSeconds: 1 },
  );
}
