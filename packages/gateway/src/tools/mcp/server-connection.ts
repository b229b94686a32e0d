import type { Client, Transport } from '@modelcontextprotocol/client';
import { cutText } from '../cut-result.ts';
import { OutboundError } from '../outbound/outbound-error.ts';
import { ToolError } from '../tool.ts';
import { resultText } from './result-text.ts';

/** A tool as its server tells of it. */
export type ServerTool = {
  readonly name: string;
  readonly description?: string | undefined;
  readonly inputSchema: Readonly<Record<string, unknown>>;
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
  readonly call: (
    tool: string,
    args: Readonly<Record<string, unknown>>,
    signal: AbortSignal,
  ) => Promise<string>;
  readonly close: () => Promise<void>;
};

export type ServerConnectionDeps = {
  /** Makes a way to the server, which starts it where it is a command. Rejects, with a reason for admins. */
  readonly open: () => Promise<Transport & { readonly lastWords?: () => string }>;
  readonly connectTimeoutMs: number;
  readonly onChange: () => void;
};

const FIRST_PAUSE_MS = 1000;
const LONGEST_PAUSE_MS = 60_000;

/** A server that answers for so long has recovered. */
const STEADY_MS = 60_000;

/** More than any server has; the rest is left out. */
const MAX_TOOLS = 500;

/** A call has a limit of its own, which ends it. */
const NO_TIMEOUT_MS = 24 * 60 * 60 * 1000;

type Live = { readonly client: Client; readonly since: number };

export function createServerConnection(deps: ServerConnectionDeps): ServerConnection {
  let tools: readonly ServerTool[] | null = null;
  let problem: string | null = null;
  let live: Live | null = null;
  let underWay: Promise<void> | null = null;
  let pauseMs = FIRST_PAUSE_MS;
  let timer: NodeJS.Timeout | null = null;
  let isStarted = false;
  let isClosed = false;

  const tell = (next: { problem: string | null; tools?: readonly ServerTool[] }) => {
    problem = next.problem;
    if (next.tools) tools = next.tools;
    deps.onChange();
  };
  const lost = (reason: string) => {
    if (live && performance.now() - live.since > STEADY_MS) pauseMs = FIRST_PAUSE_MS;
    live = null;
    if (isClosed) return;
    timer ??= setTimeout(() => {
      timer = null;
      void connect();
    }, pauseMs).unref();
    pauseMs = Math.min(pauseMs * 2, LONGEST_PAUSE_MS);
    tell({ problem: reason });
  };
  const attempt = async () => {
    try {
      const opened = await connectTo(deps, {
        onLost: lost,
        onListed: (listed) => tell({ problem: null, tools: listed }),
      });
      if (isClosed) return void (await opened.client.close().catch(() => undefined));
      live = { client: opened.client, since: performance.now() };
      tell({ problem: null, tools: opened.tools });
    } catch (error) {
      lost(textOf(error));
    }
  };
  const connect = (): Promise<void> => {
    if (timer) clearTimeout(timer);
    timer = null;
    underWay ??= attempt().finally(() => {
      underWay = null;
    });
    return underWay;
  };

  return {
    tools: () => tools,
    problem: () => problem,
    start() {
      if (isStarted) return;
      isStarted = true;
      void connect();
    },
    async refresh() {
      if (!isStarted) return;
      if (!live) return connect();
      const { client } = live;
      const listed = await list(client, deps.connectTimeoutMs).catch(() => null);
      if (listed) tell({ problem: null, tools: listed });
    },
    async call(tool, args, signal) {
      if (!live && underWay) await underWay;
      if (!live) throw new ToolError('Its server cannot be reached at the moment.');
      return callTool(live.client, { tool, args, signal });
    },
    async close() {
      isClosed = true;
      if (timer) clearTimeout(timer);
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

async function callTool(
  client: Client,
  call: {
    readonly tool: string;
    readonly args: Readonly<Record<string, unknown>>;
    readonly signal: AbortSignal;
  },
): Promise<string> {
  const { ProtocolError } = await import('@modelcontextprotocol/client');
  const { tool: name, args, signal } = call;
  try {
    const params = { name, arguments: { ...args } };
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
