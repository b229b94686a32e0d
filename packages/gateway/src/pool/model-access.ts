import type { Usage } from '../protocol/run.ts';

/** One worker's way to the models: where its calls go, and the token that is worth something only there. */
export type ModelAccess = {
  readonly baseUrl: string;
  readonly token: string;
  /** Upstream that its calls are passed on to, known once the module is loaded. */
  readonly setUpstream: (name: string) => void;
  readonly startRun: (runId: string, keyId: string) => void;
  /** What the run's calls have cost so far, as metered where they pass; null for a run that is not live. */
  readonly usageOf: (runId: string) => Usage | null;
  /** Ends the run's claim on the models and aborts the calls it still has open. */
  readonly endRun: (runId: string) => void;
  readonly revoke: () => void;
};
