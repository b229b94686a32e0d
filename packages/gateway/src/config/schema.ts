import { z } from 'zod';
import { authSchema, securitySchema } from '../policy/settings.ts';
import { recordLevels } from '../protocol/journal/journal.ts';
import { toolEventsModes, upstreamApis } from '../protocol/records.ts';
import { toolName, toolSchema } from '../tools/settings.ts';
import { agentsSchema, testsModes, variableName } from './agents-schema.ts';
import { approvals, consoleSchema, logSchema, state } from './kept-schema.ts';
import { httpUrl, milliseconds, upstreamSchema } from './upstream-schema.ts';

const name = z
  .string()
  .regex(/^[a-z0-9][a-z0-9._-]*$/)
  .meta({ allowed: 'lower case letters, digits, `.`, `_` and `-`' });

const exportName = z
  .string()
  .regex(/^[\p{ID_Start}$_][\p{ID_Continue}$]*$/u)
  .meta({ allowed: 'a list of names of exports, such as [agent, buildAgent]' });

const defaults = z
  .strictObject({
    namespace: name.default('default').describe('Namespace of agents that lie directly in a root.'),
    upstream: z.string().min(1).optional().describe('Upstream of agents that name none.'),
    model: z.string().min(1).optional().describe('Model of agents that name none.'),
    tool_events: z
      .enum(toolEventsModes)
      .default('reasoning')
      .describe('How callers see an agent’s tool calls in a stream.'),
    tests: z
      .enum(testsModes)
      .default('off')
      .describe(
        '`gate` serves a new version of an agent only where the cases in its `tests` folder pass that bring the answers of their models.',
      ),
  })
  .prefault({})
  .describe('What holds for agents that do not say otherwise.');

const server = z
  .strictObject({
    host: z.string().min(1).default('127.0.0.1').describe('Address the gateway listens on.'),
    port: z
      .int()
      .min(0)
      .max(65_535)
      .default(8080)
      .describe('Port the gateway listens on; 0 takes any free one.'),
    trust_proxy: z
      .boolean()
      .default(false)
      .describe(
        'Take the client’s address from what the nearest proxy wrote into `x-forwarded-for`; only behind a proxy of yours.',
      ),
    cors_origins: z
      .array(z.string().min(1))
      .default([])
      .describe('Web origins whose pages may call the gateway; `*` is any.'),
    body_limit_mb: z
      .int()
      .min(1)
      .max(32)
      .default(32)
      .describe('Largest request body, in MiB; of a route for administration it is 1.'),
    shutdown_delay_ms: milliseconds(0)
      .optional()
      .describe(
        'How long the port stays open after SIGTERM while `/readyz` answers 503, in milliseconds. By default 5000 where `dropgate start` serves and something asks `/readyz` again and again, else 0.',
      ),
  })
  .prefault({})
  .describe('The HTTP server.');

const worker = z
  .strictObject({
    load_timeout_ms: milliseconds(100)
      .default(20_000)
      .describe(
        'How long an agent may load, in milliseconds; what it waits for a CPU that others use does not count.',
      ),
    stall_timeout_ms: milliseconds(100)
      .default(15_000)
      .describe('How long a worker may block its event loop before it is killed, in milliseconds.'),
    idle_timeout_ms: milliseconds(100)
      .default(600_000)
      .describe('How long a worker lives without a run, in milliseconds.'),
    drain_timeout_ms: milliseconds(0)
      .default(30_000)
      .describe(
        'Grace for runs when their agent is replaced or the gateway stops, in milliseconds.',
      ),
    cancel_timeout_ms: milliseconds(0)
      .default(30_000)
      .describe(
        'How long a run may go on in its worker after it was cancelled or timed out, before the worker is replaced, in milliseconds. Until then it counts as one of its key’s and its agent’s.',
      ),
    run_timeout_ms: milliseconds(1)
      .default(600_000)
      .describe('How long one run may take, in milliseconds.'),
    max_concurrent_runs: z
      .int()
      .min(1)
      .max(100_000)
      .default(64)
      .describe('Most runs of one agent at the same time; further ones wait in a queue.'),
    max_queued_runs: z
      .int()
      .min(0)
      .max(100_000)
      .default(128)
      .describe('Most runs of one agent that wait; further ones are refused.'),
    queue_timeout_ms: milliseconds(1)
      .default(30_000)
      .describe('How long a run may wait before it is refused, in milliseconds.'),
    max_workers: z
      .int()
      .min(1)
      .max(4096)
      .default(32)
      .describe('Most workers alive at once; the one unused for longest makes room.'),
    memory_limit_mb: z
      .int()
      .min(64)
      .max(1_048_576)
      .default(512)
      .describe('Memory of one worker and its children before it is killed, in MiB.'),
    process_limit: z
      .int()
      .min(1)
      .max(100_000)
      .default(256)
      .describe('Processes of one worker, its children among them, before it is killed.'),
    sandbox: z
      .enum(['none', 'bubblewrap'])
      .default('none')
      .describe(
        'What workers are kept in: `bubblewrap` shows them their own files and nothing else of the machine.',
      ),
    sandbox_network: z
      .enum(['broker', 'all'])
      .default('broker')
      .describe('What a worker in a sandbox reaches: the models alone, or every address.'),
    sandbox_read: z
      .array(z.string().min(1))
      .default([])
      .describe('Files and folders that workers in a sandbox may read beside their own.'),
    sandbox_write: z
      .array(z.string().min(1))
      .default([])
      .describe('Files and folders that workers in a sandbox may change beside their own.'),
    env: z
      .array(variableName)
      .default([])
      .describe('Environment variables of the gateway that workers get too, by name.'),
    uid: z
      .int()
      .min(1)
      .max(2 ** 31 - 1)
      .optional()
      .describe('User that workers run as, by number; the gateway has to be started as root.'),
    gid: z
      .int()
      .min(1)
      .max(2 ** 31 - 1)
      .optional()
      .describe('Group that workers run as. Without it: the number of `uid`.'),
    spares: z
      .int()
      .min(0)
      .max(16)
      .default(1)
      .describe('Workers kept warm, so that a module loads without a cold start.'),
  })
  .prefault({})
  .describe('The processes that agents run in.');

const runs = z
  .strictObject({
    record: z
      .enum(recordLevels)
      .optional()
      .describe(
        'What is kept of runs: nothing, their steps, or also what models and tools were asked and answered. By default `contents` in `dropgate dev`, else `steps`.',
      ),
    keep_days: z.int().min(1).max(3650).default(14).describe('How many days runs are kept.'),
    keep_mb: z
      .int()
      .min(1)
      .max(1_048_576)
      .default(512)
      .describe('What all kept runs may take, in MiB; the oldest make room.'),
  })
  .prefault({})
  .describe('The journal: what runs did, step by step.');

const usage = z
  .strictObject({
    keep_days: z.int().min(1).max(3650).default(400).describe('How many days usage is kept.'),
  })
  .prefault({})
  .describe('What was used, a row a day for each key, agent, model, upstream and user.');

/** Settings of `gateway.yaml`. Strict: a misspelt key stops the start, it is never ignored. Every line has a default. */
export const settingsSchema = z.strictObject({
  defaults,
  agents_dir: z
    .union([z.string().min(1), z.array(z.string().min(1)).min(1)])
    .default(['src/agents', 'agents'])
    .meta({ allowed: 'a folder or a list of folders' })
    .describe('Folders below the project root whose sub-folders are agents.'),
  agent_exports: z
    .array(exportName)
    .min(1)
    .default(['agent', 'build_agent', 'buildAgent', 'default'])
    .describe('Names of exports that are taken for the agent first, in order.'),
  agents: agentsSchema,
  upstreams: z
    .record(name, upstreamSchema)
    .default({})
    .describe('Servers that answer model calls, by name. Without any: what OPENAI_API_KEY names.'),
  tools: z
    .record(
      z
        .string()
        .regex(toolName)
        .meta({ allowed: 'letters, digits, `_` and `-`, at most 64, not a digit first' }),
      toolSchema,
    )
    .default({})
    .describe(
      'Tools that the gateway owns and executes, by name; `fetch_doc` is there without any.',
    ),
  runs,
  state,
  approvals,
  usage,
  security: securitySchema,
  auth: authSchema,
  server,
  console: consoleSchema,
  worker,
  store_url: z
    .string()
    .regex(/^(sqlite:.+|postgres(ql)?:\/\/.+)$/)
    .default('sqlite:.dropgate/gateway.db')
    .meta({ allowed: 'sqlite:<file> or postgres://user:password@host:port/database' })
    .describe(
      'Where keys, overrides, decisions and budgets are kept: `sqlite:<file>`, relative to the project root, or `postgres://…`, which several gateways can share. A URL with a password belongs in GATEWAY_STORE_URL, not in a file.',
    ),
  log: logSchema,
});

/** Settings that only the environment has. */
export const environmentSchema = z.strictObject({
  agent_watch: z.boolean().optional().meta({ allowed: '1 or 0' }),
  upstream_api: z.enum(upstreamApis).optional(),
  bootstrap_key_file: z.string().min(1).optional(),
  python: z.string().min(1).optional(),
  openai_api_key: z.string().min(1).optional(),
  openai_base_url: httpUrl.optional(),
});

/** Settings as `gateway.yaml` spells them, defaults filled in. */
export type Settings = z.infer<typeof settingsSchema>;

/** Settings that only the environment has, checked. */
export type EnvironmentSettings = z.infer<typeof environmentSchema>;
