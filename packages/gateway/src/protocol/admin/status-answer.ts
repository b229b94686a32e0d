import { z } from 'zod';
import type { Inferred } from '../inferred.ts';
import { workerStates } from '../pool.ts';
import { breakerStates } from './upstreams-answer.ts';

const mb = z.number().nullable().describe('MiB; null where the system does not tell.');
const cpu = z
  .number()
  .nullable()
  .describe('Milliseconds of CPU since its start; null where the system does not tell.');

const gateway = z.object({
  version: z.string(),
  node: z.string().describe('Version of Node.js that it runs on.'),
  pid: z.int(),
  life: z.string().describe('As in `GET /admin/events`.'),
  started_at: z.string().describe('ISO 8601.'),
  status: z.enum(['starting', 'ready', 'draining']),
  waiting_for: z.array(z.string()).describe('What of the start is not done.'),
  rss_mb: z.number(),
  heap_mb: z.number().describe('Of it, what its own objects take.'),
  cpu_ms: z.number(),
});

const worker = z.object({
  pid: z.int(),
  agent_id: z.string().nullable().describe('Null of one that waits for a module.'),
  generation: z.int().nullable(),
  state: z.enum(workerStates),
  active_runs: z.int(),
  rss_mb: mb,
  cpu_ms: cpu,
  lag_ms: z.number().nullable().describe('How long its event loop took to answer the last ping.'),
  started_at: z.string().describe('ISO 8601.'),
});

const retirement = z.object({
  upstream: z.string(),
  model: z.string(),
  ends_on: z.string().describe('A day, such as 2026-12-11.'),
  days_left: z.int().describe('0 on that day, negative after it.'),
  agents: z.array(z.string()).describe('Ids of those that used it in the last 30 days.'),
  keys: z.array(z.string()),
});

const check = z.object({
  name: z.string().describe('What was looked at.'),
  state: z
    .enum(['ok', 'warn', 'fail'])
    .describe('`fail` keeps something from being served; `warn` will, or costs something.'),
  found: z.string(),
  fix: z.string().nullable().describe('What to do.'),
});

/** What came of one look, as `dropgate doctor` tells it. */
export type StatusCheck = Inferred<typeof check>;

/** `GET /admin/status`: how this gateway is now. */
export const statusAnswer = z.object({
  gateway,
  runs: z.object({
    active: z.int(),
    waiting: z.int().describe('For a place among the runs of their agents.'),
  }),
  workers: z.array(worker),
  store: z.object({
    kind: z.enum(['sqlite', 'postgres']),
    shared: z.boolean().describe('Whether other gateways may use it too.'),
    away_ms: z.number().describe('How long it has not answered; 0 while it does.'),
  }),
  upstreams: z.array(
    z.object({
      name: z.string(),
      breaker: z.enum(breakerStates).describe('`open`: it failed, and is left alone for a while.'),
    }),
  ),
  retirements: z
    .array(retirement)
    .nullable()
    .describe('Models that were used lately and end; null until that was looked at.'),
  checks: z.array(check).describe('What is well and what is not.'),
});

/** How a gateway is. */
export type GatewayStatus = Inferred<typeof statusAnswer>;
