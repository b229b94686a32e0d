import { GatewayError } from '../../src/errors.ts';
import type { GatewayEvent } from '../../src/events.ts';
import type { HttpDeps } from '../../src/http/deps.ts';
import { createNameUsers } from '../../src/policy/users/name-users.ts';
import type { Role } from '../../src/protocol/policy.ts';
import {
  isLastEvent,
  type LastEvent,
  type RunEvent,
  type RunInput,
} from '../../src/protocol/run.ts';
import { createRunEnding, type RunEnding } from '../../src/protocol/run-ending.ts';
import type { RunSink } from '../../src/protocol/run-sink.ts';
import { createUnreadRoom } from '../../src/protocol/unread-room.ts';
import type { ModelInfo } from '../../src/registry/model-info.ts';
import type { Run } from '../../src/runs/run.ts';
import { fakeAdmin, fakeLive, fakeRollback, fakeTools } from './admin-fakes.ts';
import { fakeApprovals } from './approval-fakes.ts';
import { fakeSecurity } from './security-fakes.ts';
import { fakeTurns } from './turn-fakes.ts';

/** Secrets that the fake knows, each named after its role. */
export const secrets: Readonly<Record<Role, string>> = {
  caller: 'dg_caller',
  operator: 'dg_operator',
  admin: 'dg_admin',
  metrics: 'dg_metrics',
};

export const someUsage = {
  requests: 2,
  inputTokens: 30,
  outputTokens: 12,
  cachedInputTokens: 4,
  reasoningTokens: 5,
};

export const hello: readonly RunEvent[] = [
  { type: 'text', delta: 'Hel' },
  { type: 'text', delta: 'lo' },
  { type: 'finished', reason: 'stop', usage: someUsage },
];

/** A run that waits for a person. */
export const interrupted: RunEvent = {
  type: 'interrupted',
  state: 'secret-state',
  approvals: [
    {
      callId: 'c1',
      tool: 'erase',
      agent: 'Desk',
      provenance: 'native',
      arguments: '{"all":true}',
    },
  ],
  usage: someUsage,
};

/** The same where a person is asked. */
export const waiting: Extract<RunEvent, { type: 'interrupted' }> = {
  type: 'interrupted',
  state: 'secret-state',
  approvals: [
    {
      callId: 'c1',
      tool: 'erase',
      agent: 'Desk',
      provenance: 'native',
      arguments: '{"all":true}',
      asked: { id: 'apr_1', code: 'K7Q2-M9XD', expiresMs: Date.UTC(2026, 11, 1, 10, 39) },
    },
  ],
  usage: someUsage,
};

const echoModel: ModelInfo = {
  id: 'default/echo',
  displayName: 'Echo',
  description: 'Says it again.',
  createdAtSeconds: 1_790_000_000,
  namespace: 'default',
  model: { name: 'gpt-5-mini', source: 'agent' },
  upstream: { name: 'demo', source: 'default' },
  status: 'ready',
  facts: {
    kind: 'agent',
    tools: [{ name: 'erase', provenance: 'native', needsApproval: true }],
    hasSessions: true,
    clientTools: 'ignore',
    accepts: ['image'],
    settings: ['maxOutputTokens', 'topP'],
  },
};

export type FakeGateway = HttpDeps & {
  readonly inputs: RunInput[];
  readonly cancelled: (string | GatewayError)[];
  readonly events: GatewayEvent[];
  /** Resolves with the reason of the first cancel. */
  readonly firstCancel: Promise<string | GatewayError>;
};

type Fake = Partial<Omit<HttpDeps, 'settings'>> & {
  readonly run?: Partial<Omit<Run, 'sendTo'>>;
  readonly says?: (signal: AbortSignal) => AsyncIterable<RunEvent> | Iterable<RunEvent>;
  readonly settings?: Partial<HttpDeps['settings']>;
};

/** The gateway behind the HTTP side, reduced to what each test needs. */
export function fakeGateway({
  run,
  says = () => hello,
  settings,
  ...deps
}: Fake = {}): FakeGateway {
  const inputs: RunInput[] = [];
  const cancelled: (string | GatewayError)[] = [];
  const events: GatewayEvent[] = [];
  const first = Promise.withResolvers<string | GatewayError>();
  return {
    inputs,
    cancelled,
    events,
    firstCancel: first.promise,
    authenticate: (secret) => {
      const role = (Object.keys(secrets) as Role[]).find((name) => secrets[name] === secret);
      const scopes = { namespaces: null, agents: null };
      return role ? { keyId: `key_${role}`, keyName: role, role, ...scopes } : null;
    },
    users: createNameUsers({
      settings: () => ({ headers: ['x-librechat-user-id'], openWebUi: null }),
      accountOf: (keyId) => keyId,
      nowSeconds: () => Date.now() / 1000,
    }),
    limits: { countRequest: () => null, checkRun: () => undefined },
    startRun: async (_caller, input) => {
      inputs.push(input);
      const abort = new AbortController();
      const ending = createRunEnding();
      const events = says(abort.signal);
      const { signal } = abort;
      return {
        id: 'run_42',
        agentId: 'default/echo',
        modulePath: 'src/agents/Echo/agent.ts',
        generation: 1,
        sendTo: (sink) => void send(events, sink, { signal, ending }),
        onEnd: (listener) => ending.onEnd(() => listener()),
        cancel: (reason) => {
          cancelled.push(reason);
          first.resolve(reason);
          abort.abort(reason);
        },
        ignored: [],
        actsUntold: false,
        presentation: { toolEvents: 'reasoning', guardrailResponse: 'content_filter' },
        ...run,
      };
    },
    countInput: async () => 7,
    listModels: () => [echoModel],
    mayAdminister: ({ role }, resource) =>
      role === 'admin' || (role === 'metrics' && resource === '/metrics'),
    admin: fakeAdmin(),
    rollback: fakeRollback(),
    turns: fakeTurns(),
    askOnce: {
      isOn: () => false,
      idOf: () => '',
      open: () => Promise.reject(new GatewayError('store_unavailable', 'Nothing is kept here.')),
    },
    approvals: fakeApprovals(),
    tools: fakeTools(),
    security: fakeSecurity(),
    console: fakeConsole(),
    metrics: {
      exposition: async () => ({
        type: 'text/plain; version=0.0.4',
        text: 'dropgate_runs_total 1',
      }),
      report: async () => '{"agents":[],"tools":[],"metrics":[]}',
    },
    live: fakeLive(),
    readiness: () => ({ status: 'ready', waitingFor: [] }),
    unread: createUnreadRoom(() => undefined),
    emit: (event) => events.push(event),
    ...deps,
    settings: {
      bodyLimitBytes: 1024 * 1024,
      corsOrigins: [],
      trustProxy: false,
      version: '0.0.0',
      ...settings,
    },
  };
}

export const asCaller = { authorization: `Bearer ${secrets.caller}` };
export const asAdmin = { authorization: `Bearer ${secrets.admin}` };

/** A console that is off. */
function fakeConsole(): HttpDeps['console'] {
  const nobody = () => Promise.reject(new Error('Nobody logs in here.'));
  return {
    isOn: () => false,
    folder: '/nowhere',
    build: async () => ({ state: 'built' }),
    sessions: {
      begin: nobody,
      use: nobody,
      isLive: nobody,
      end: nobody,
      newLink: nobody,
      redeem: nobody,
      sweep: nobody,
    },
  };
}

/** The payloads of an event stream, `[DONE]` left out. */
export function chunksOf(stream: string) {
  return stream
    .split('\n\n')
    .filter((event) => event.startsWith('data: ') && event !== 'data: [DONE]')
    .map((event) => JSON.parse(event.slice('data: '.length)));
}

/** Sends what a run says, cut off by a failure that it is cancelled with. */
async function send(
  events: AsyncIterable<RunEvent> | Iterable<RunEvent>,
  sink: RunSink,
  { signal, ending }: { readonly signal: AbortSignal; readonly ending: RunEnding },
) {
  const cut = Promise.withResolvers<LastEvent>();
  signal.addEventListener('abort', () => {
    const { reason } = signal;
    if (!(reason instanceof GatewayError)) return;
    const { code, message } = reason;
    cut.resolve({ type: 'failed', code, message, usage: someUsage });
  });
  const source = toAsync(events);
  for (;;) {
    const step = await Promise.race([source.next(), cut.promise]);
    const event = 'type' in step ? step : step.value;
    if (!event) return;
    await sink.write(event);
    if (!isLastEvent(event)) continue;
    ending.end(event);
    return;
  }
}

async function* toAsync(events: AsyncIterable<RunEvent> | Iterable<RunEvent>) {
  yield* events;
}
