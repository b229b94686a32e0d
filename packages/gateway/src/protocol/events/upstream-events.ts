import type { UpstreamApi } from '../records.ts';

/** What is said of the servers that answer model calls. */
export type UpstreamEvent =
  /** The settings were read again, and model calls go by default to another upstream, or there with another key. */
  | {
      readonly type: 'upstream_chosen';
      readonly upstream: string;
      readonly api: UpstreamApi;
      /** Null of the demo model. */
      readonly baseUrl: string | null;
      readonly hasKey: boolean;
    }
  /** A server has no API at the address that is written down for it; said once an address. */
  | {
      readonly type: 'upstream_misplaced';
      readonly upstream: string;
      readonly baseUrl: string;
      /** An address of the same server that has it, where one was found. */
      readonly better: string | null;
    }
  /** Model calls failed at an upstream time after time, so that it is left alone for a while; said once an outage. */
  | {
      readonly type: 'upstream_cooling';
      readonly upstream: string;
      readonly baseUrl: string;
      /** Calls that failed in a row. */
      readonly failures: number;
      /** What the last of them failed with. */
      readonly error: string;
      /** Until one call tries it again. */
      readonly restMs: number;
      /** Name of the upstream that is asked meanwhile, where there is one. */
      readonly fallback: string | null;
    }
  /** Such an upstream answers again. */
  | {
      readonly type: 'upstream_recovered';
      readonly upstream: string;
      /** How long it was left alone. */
      readonly afterMs: number;
    }
  /** A model that was used in the last 30 days ends, or has ended; said once a day. */
  | {
      readonly type: 'model_retiring';
      readonly upstream: string;
      readonly model: string;
      /** Such as `2026-12-11`. */
      readonly endsOn: string;
      /** 0 on that day, negative after it. */
      readonly daysLeft: number;
      /** Ids of those that used it. */
      readonly agents: readonly string[];
      readonly keys: readonly string[];
    };
