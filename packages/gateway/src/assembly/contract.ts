import type { Config } from '../config/config.ts';
import type { ApiKeys } from '../policy/keys/api-keys.ts';
import type { AgentStatus } from '../protocol/admin/agents-answer.ts';
import type { RefreshReport } from '../protocol/admin/refresh-answer.ts';
import type { PlayedTest, PlayedWritten, RunTest } from '../protocol/admin/run-test.ts';
import type { UpstreamInfo } from '../protocol/admin/upstreams-answer.ts';
import type { WrittenTest } from '../protocol/admin/written-test.ts';
import type { Diagnostic } from '../protocol/diagnostics.ts';
import type { OnFollowed } from '../registry/watch/follow-files.ts';

/** What a gateway is made of. */
export type GatewayOptions = {
  readonly config: Config;
  /** Reads the settings again when their files change; throws `ConfigError`. Absent: they never change. */
  readonly reload?: () => Promise<Config>;
  /** `readable` on stderr for a person, `json` on stdout for machines, or none. */
  readonly log: 'readable' | 'json' | 'none';
  /** Makes what has to be typed of the commands in the hints of a readable log; absent, they stay as they are. */
  readonly asTyped?: (text: string) => string;
  /** `check` loads everything anew and keeps nothing; `test` too, and what it loads reaches nothing outside. Default `serve`. */
  readonly purpose?: 'serve' | 'check' | 'test';
  /** The demo model answers in place of every upstream, so that no call costs anything. */
  readonly demoModels?: true;
  /** Told of changed files below the agents' folders, or of which agents are made, once agents follow them. */
  readonly onFollowed?: OnFollowed;
};

/** How a gateway for `test` is tried. After `load`. */
export type Trial = {
  /** Listens on a free port of 127.0.0.1, which nobody else is told of. `key` is good for administration. */
  readonly listen: () => Promise<{ readonly url: string; readonly key: string }>;
  /** Whether rules let `key` see and run an agent. */
  readonly mayRun: (agentId: string) => boolean;
  /** How many runs of callers go on, those that were left and do not end among them. */
  readonly activeRuns: () => number;
  /** Leaves model calls of callers unanswered until `release`; `called` resolves with the first. */
  readonly holdModels: () => { readonly called: Promise<void>; readonly release: () => void };
};

/** A gateway: everything between the callers and the agents of one project. */
export type Gateway = {
  /** Loads every agent, or those that are wanted, without listening; resolves when each is loaded or failed. */
  readonly load: (isWanted?: (agentId: string) => boolean) => Promise<RefreshReport>;
  /** Listens, and begins to load. Rejects where the address is taken. */
  readonly start: () => Promise<{ readonly url: string }>;
  /** Resolves when every agent is loaded or failed, or 10 s after the start. */
  readonly whenLoaded: () => Promise<void>;
  /** Resolves when every agent is loaded or failed, however long that takes; never where nothing starts. */
  readonly whenAllLoaded: () => Promise<void>;
  readonly agents: () => readonly AgentStatus[];
  /** What is wrong, newest first. */
  readonly diagnostics: () => readonly Diagnostic[];
  readonly refresh: (options: { readonly force: boolean }) => Promise<RefreshReport>;
  readonly upstreams: () => readonly UpstreamInfo[];
  readonly keys: ApiKeys;
  /**
   * Runs an agent as it serves by a case: models and tools answer as there, and nothing outside is reached. After `load`.
   *
   * @throws GatewayError where it cannot run, and the signal's reason where that is aborted.
   */
  readonly playTest: (agentId: string, test: RunTest, signal: AbortSignal) => Promise<PlayedTest>;
  /** The same by a case that its author wrote: the agent reaches what it reaches as it serves. */
  readonly playWritten: (
    agentId: string,
    test: WrittenTest,
    signal: AbortSignal,
  ) => Promise<PlayedWritten>;
  /**
   * The address of the console that logs in as the holder of a key, once, while the gateway runs; null where the console is
   * off. After `start`.
   *
   * @param options.url - Where the gateway serves.
   */
  readonly consoleLink: (options: {
    readonly url: string;
    readonly key: string;
  }) => Promise<string | null>;
  readonly trial: Trial;
  /** Drains, ends every process, closes the store. A second call waits for the first. */
  readonly close: (reason: string) => Promise<void>;
};
