import { randomBytes } from 'node:crypto';
import { GatewayError } from '../errors.ts';

const TOKEN_BYTES = 32;

/** What a worker's owner holds: its address and token for model calls, and who is running on it. */
export type ModelAccess = {
  readonly baseUrl: string;
  readonly token: string;
  /** Sends the worker's later calls to another upstream; a name that is unknown fails each call. */
  setUpstream(name: string): void;
  startRun(runId: string, keyId: string): void;
  /** Ends the run here; its calls that are still open are aborted at once. */
  endRun(runId: string): void;
  /** Ends the token and aborts its open calls. */
  revoke(): void;
};

/** One call of a worker, from its first header to its last byte. */
export type LiveCall = {
  readonly runId: string | null;
  readonly keyId: string | null;
  /** Aborts with a `GatewayError` when the run ends, the token is revoked or `abort` is called. */
  readonly signal: AbortSignal;
  abort(message: string): void;
  end(): void;
};

/** A live token, as the broker sees it. */
export type Grant = {
  readonly agentId: string;
  /** Null where the agent names none. */
  upstreamName(): string | null;
  /**
   * Books a call on the run named, without a name on the sole live run, else on the worker.
   *
   * @throws GatewayError `not_allowed` where the run named is no live run of this token.
   */
  openCall(runId: string | undefined): LiveCall;
};

export type Grants = {
  issue(agentId: string): ModelAccess;
  find(token: string): Grant | undefined;
  revokeAll(): void;
};

/** The live tokens of workers. A token is random and looked up whole, so no comparison leaks it. */
export function createGrants(baseUrl: () => string): Grants {
  const held = new Map<string, { grant: Grant; access: ModelAccess }>();
  return {
    find: (token) => held.get(token)?.grant,
    issue(agentId) {
      const token = `dgw_${randomBytes(TOKEN_BYTES).toString('base64url')}`;
      const issued = createGrant(agentId);
      const access: ModelAccess = {
        baseUrl: baseUrl(),
        token,
        setUpstream: issued.setUpstream,
        startRun: (runId, keyId) => void issued.runs.set(runId, keyId),
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

function createGrant(agentId: string) {
  const runs = new Map<string, string>();
  const calls = new Set<LiveCall>();
  let upstreamName: string | null = null;
  const grant: Grant = {
    agentId,
    upstreamName: () => upstreamName,
    openCall(named) {
      if (named !== undefined && !runs.has(named)) {
        throw new GatewayError('not_allowed', 'The run this call names is not live.');
      }
      const runId = named ?? soleRun(runs);
      const call = createCall(runId, runId === null ? null : (runs.get(runId) ?? null), (ended) =>
        calls.delete(ended),
      );
      calls.add(call);
      return call;
    },
  };
  return {
    grant,
    runs,
    setUpstream(name: string) {
      upstreamName = name;
    },
    abortCalls(matches: (call: LiveCall) => boolean, message: string) {
      for (const call of [...calls].filter(matches)) call.abort(message);
    },
  };
}

function createCall(
  runId: string | null,
  keyId: string | null,
  onEnd: (call: LiveCall) => void,
): LiveCall {
  const controller = new AbortController();
  const call: LiveCall = {
    runId,
    keyId,
    signal: controller.signal,
    abort: (message) => controller.abort(new GatewayError('run_cancelled', message)),
    end: () => onEnd(call),
  };
  return call;
}

function soleRun(runs: ReadonlyMap<string, string>): string | null {
  const [only] = runs.keys();
  return runs.size === 1 && only !== undefined ? only : null;
}
