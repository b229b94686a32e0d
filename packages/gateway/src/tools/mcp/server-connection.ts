import { AsyncLocalStorage } from 'node:async_hooks';
import type { Client, Transport } from '@modelcontextprotocol/client';
import { cutText } from '../cut-result.ts';
import { OutboundError } from '../outbound/outbound-error.ts';
import { createRetry } from '../retry.ts';
import { ToolError } from '../tool.ts';
import { resultText } from './result-text.ts';

/** A tool as its server tells of it. */
export type ServerTool = {
  readonly name: string;
  readonly description?: string | undefined;
  readonly inputSchema: Readonly<Record<string, unknown>>;
};

/** A call of one of its tools. */
export type ServerCall = {
  readonly tool: string;
  readonly args: Readonly<Record<string, unknown>>;
  readonly signal: AbortSignal;
  /** Headers that say what it is part of; none where its server is not to know. */
  readonly origin: Readonly<Record<string, string>>;
};

/** The connection to one server, which is made anew where it breaks. */
export type ServerConnection = {
  /** Those it told of last; null before it told of any. */
  readonly tools: () => readonly ServerTool[] | null;
  /** Why it does not answer, for admins; null where it does, or was not asked yet. */
  readonly problem: () => string | null;
  readonly start: () => void;
  /** Asks it again at once. Never rejects. */
  readonly refresh: () => Promise<void>;
  /** @throws ToolError where the server cannot be reached, or says that the call failed. */
  readonly call: (call: ServerCall) => Promise<string>;
  /** What the call that a request is being made for says of where it comes from. */
  readonly origin: () => Readonly<Record<string, string>>;
  readonly close: () => Promise<void>;
};

export type ServerConnectionDeps = {
  /** Makes a way to the server, which starts it where it is a command. Rejects, with a reason for admins. */
  readonly open: () => Promise<Transport & { readonly lastWords?: () => string }>;
  readonly connectTimeoutMs: number;
  readonly onChange: () => void;
};

const PAUSES_MS = { first: 1000, longest: 60_000 };

/** A server that answers for so long has recovered. */
const STEADY_MS = 60_000;

/** More than any server has; the rest is left out. */
const MAX_TOOLS = 200;

/** A call has a limit of its own, which ends it. */
const NO_TIMEOUT_MS = 24 * 60 * 60 * 1000;

/** Makes the connection to a server; nothing is opened yet. */
export function createServerConnection(deps: ServerConnectionDeps): ServerConnection {
  let tools: readonly ServerTool[] | null = null;
  let problem: string | null = null;
  const onListed = (listed: readonly ServerTool[]) => {
    tools = listed;
    problem = null;
    deps.onChange();
  };
  const line = keepConnected(deps, {
    onListed,
    onLost(reason) {
      problem = reason;
      deps.onChange();
    },
  });
  let isStarted = false;
  // The client makes its requests by itself, without a word of the call that each is for.
  const calling = new AsyncLocalStorage<ServerCall['origin']>();
  return {
    tools: () => tools,
    problem: () => problem,
    start() {
      if (isStarted) return;
      isStarted = true;
      void line.connect();
    },
    async refresh() {
      if (!isStarted) return;
      const client = line.client();
      if (!client) return line.connect();
      const listed = await list(client, deps.connectTimeoutMs).catch(() => null);
      if (listed) onListed(listed);
    },
    async call(call) {
      await line.underWay();
      const client = line.client();
      if (!client) throw new ToolError('Its server cannot be reached at the moment.');
      return calling.run(call.origin, () => callTool(client, call));
    },
    origin: () => calling.getStore() ?? {},
    close: line.close,
  };
}

type Line = {
  /** Null while there is no connection. */
  readonly client: () => Client | null;
  /** Connects, or joins the attempt under way. Never rejects. */
  readonly connect: () => Promise<void>;
  /** Resolves once no attempt is under way. */
  readonly underWay: () => Promise<void>;
  readonly close: () => Promise<void>;
};

/** Connects again, later each time, where a connection cannot be made or breaks. */
function keepConnected(deps: ServerConnectionDeps, watch: Watch): Line {
  let live: { readonly client: Client; readonly since: number } | null = null;
  let underWay: Promise<void> | null = null;
  let isClosed = false;
  const retry = createRetry(() => void connect(), PAUSES_MS);
  const onLost = (reason: string) => {
    if (live && performance.now() - live.since > STEADY_MS) retry.startOver();
    live = null;
    if (isClosed) return;
    retry.later();
    watch.onLost(reason);
  };
  const attempt = async () => {
    try {
      const { client, tools } = await connectTo(deps, { onLost, onListed: watch.onListed });
      if (isClosed) return void (await client.close().catch(() => undefined));
      live = { client, since: performance.now() };
      watch.onListed(tools);
    } catch (error) {
      onLost(textOf(error));
    }
  };
  const connect = (): Promise<void> => {
    retry.cancel();
    underWay ??= attempt().finally(() => {
      underWay = null;
    });
    return underWay;
  };
  return {
    client: () => live?.client ?? null,
    connect,
    underWay: async () => underWay ?? undefined,
    async close() {
      isClosed = true;
      retry.cancel();
      await underWay;
      await live?.client.close().catch(() => undefined);
    },
  };
}

type Watch = {
  readonly onLost: (reason: string) => void;
  readonly onListed: (tools: readonly ServerTool[]) => void;
};

async function connectTo(
  { open, connectTimeoutMs }: ServerConnectionDeps,
  { onLost, onListed }: Watch,
): Promise<{ readonly client: Client; readonly tools: readonly ServerTool[] }> {
  // Only a gateway that has such servers needs it.
  const { Client } = await import('@modelcontextprotocol/client');
  const transport = await open();
  const client = new Client({ name: 'dropgate', version: '1' });
  client.onerror = () => undefined;
  const said = (reason: string) => {
    const words = transport.lastWords?.() ?? '';
    return words === '' ? reason : `${reason} It said: ${words}`;
  };
  try {
    await client.connect(transport, { timeout: connectTimeoutMs });
    const tools = await list(client, connectTimeoutMs);
    client.setNotificationHandler('notifications/tools/list_changed', async () => {
      onListed(await list(client, connectTimeoutMs));
    });
    client.onclose = () => onLost(said('The server ended.'));
    return { client, tools };
  } catch (error) {
    await client.close().catch(() => undefined);
    throw new Error(said(`The server does not answer as an MCP server: ${textOf(error)}.`), {
      cause: error,
    });
  }
}

async function list(client: Client, timeout: number): Promise<readonly ServerTool[]> {
  const { tools } = await client.listTools(undefined, { timeout, cacheMode: 'refresh' });
  return tools.slice(0, MAX_TOOLS);
}

async function callTool(client: Client, call: ServerCall): Promise<string> {
  const { ProtocolError } = await import('@modelcontextprotocol/client');
  const { tool: name, args, signal, origin } = call;
  const { traceparent } = origin;
  const meta = traceparent === undefined ? {} : { _meta: { traceparent } };
  try {
    const params = { name, arguments: { ...args }, ...meta };
    return resultText(await client.callTool(params, { signal, timeout: NO_TIMEOUT_MS }));
  } catch (error) {
    signal.throwIfAborted();
    if (error instanceof ToolError || error instanceof OutboundError) throw error;
    if (error instanceof ProtocolError) throw new ToolError(cutText(error.message, 500));
    throw new ToolError('Its server ended, or answered what makes no sense.', { cause: error });
  }
}

function textOf(error: unknown): string {
  return (error instanceof Error ? error.message : String(error)).replace(/\.$/, '');
}
