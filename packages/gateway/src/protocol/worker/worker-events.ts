import type { WorkerEndReason } from '../pool.ts';
import type { FailureDetail } from '../run.ts';

/** What the gateway says about the processes of agents. */
export type WorkerEvent =
  | {
      readonly type: 'worker_started';
      readonly pid: number;
      readonly agentId: string | null;
      readonly generation: number | null;
    }
  | {
      readonly type: 'worker_ended';
      readonly pid: number;
      readonly agentId: string | null;
      readonly modulePath: string | null;
      readonly generation: number | null;
      /** `load_failed` where it ended over a load that has its own finding. */
      readonly reason: WorkerEndReason | 'load_failed';
      readonly exitCode: number | null;
      readonly signal: string | null;
      readonly detail: FailureDetail | null;
    }
  | {
      readonly type: 'worker_output';
      readonly pid: number;
      readonly agentId: string | null;
      readonly modulePath: string | null;
      /** Of the run that it goes on with, where that is just one; null else, as the next one. */
      readonly runId: string | null;
      readonly requestId: string | null;
      readonly stream: 'stdout' | 'stderr';
      readonly line: string;
    }
  /** A worker calls so many tools outside of runs that they are denied unasked and recorded no more; said once a worker. */
  | {
      readonly type: 'outside_calls_refused';
      readonly agentId: string;
      readonly modulePath: string;
    };
