import { setTimeout as wait } from 'node:timers/promises';
import type { Finding } from '../../protocol/diagnostics.ts';
import { type AgentShape, agentGraph } from '../agent-shape.ts';
import { fieldsOf, nameOf } from '../sdk.ts';
import { createSpawnErrors, type LastErrors, lastWords, type SpawnErrors } from './spawn-errors.ts';

/** How long one may take to connect; a load waits for all of them at once. */
const CONNECT_TIMEOUT_MS = 10_000;

/** How long one may take to close: a worker that ends waits for it. */
const CLOSE_TIMEOUT_MS = 500;

/** Pauses before one is tried again: they double from the first to the last. */
const FIRST_PAUSE_MS = 1000;
const LAST_PAUSE_MS = 60_000;

/** A server of tools as the SDK's agents hold it. */
type McpServer = {
  listTools: (...given: unknown[]) => Promise<unknown[]>;
  readonly connect: () => Promise<void>;
  readonly close: () => Promise<void>;
  readonly invalidateToolsCache?: () => Promise<void>;
};

/** The tool servers of a module's agents. */
export type McpServers = {
  /** A warning for each that cannot be reached. */
  readonly findings: readonly Finding[];
  /** Closes those that were connected. Never rejects, and does not wait for long. */
  readonly close: () => Promise<void>;
};

/**
 * Connects the servers that the module left unconnected: the SDK expects them connected. One that cannot be reached, now
 * or later, has no tools until it can: it is tried again, and the agents run with their others.
 *
 * @param file - That findings are about.
 */
export async function connectMcpServers(root: AgentShape, file: string): Promise<McpServers> {
  const servers = new Set(agentGraph(root).flatMap(serversOf));
  if (servers.size === 0) return { findings: [], close: async () => {} };
  const spawnErrors = createSpawnErrors();
  const links = [...servers].map((server) => keepConnected(server, spawnErrors));
  const failures = await Promise.all(links.map(({ begin }) => begin()));
  return {
    findings: failures.flatMap((said, index) =>
      said === null ? [] : [unreachable(nameOf([...servers][index]), said, file)],
    ),
    close: async () => {
      const closing = Promise.allSettled(links.map(({ close }) => close()));
      await Promise.race([closing, wait(CLOSE_TIMEOUT_MS)]);
    },
  };
}

function serversOf(agent: AgentShape): McpServer[] {
  const { mcpServers } = fieldsOf(agent);
  return Array.isArray(mcpServers) ? mcpServers.filter(isServer) : [];
}

function isServer(value: unknown): value is McpServer {
  const { listTools, connect, close } = fieldsOf(value);
  return [listTools, connect, close].every((each) => typeof each === 'function');
}

type Link = {
  /** Gives why it cannot be reached; null where it is. */
  readonly begin: () => Promise<string | null>;
  readonly close: () => Promise<void>;
};

function keepConnected(server: McpServer, spawnErrors: SpawnErrors): Link {
  const list = server.listTools;
  let state: 'connected' | 'away' | 'closed' = 'connected';
  const connect = async (): Promise<string | null> => {
    const failed = await tryToConnect(server, spawnErrors);
    if (failed === null && state === 'away') state = 'connected';
    return failed;
  };
  const tryAgain = async (): Promise<void> => {
    for (let pauseMs = FIRST_PAUSE_MS; state === 'away'; pauseMs *= 2) {
      await wait(Math.min(pauseMs, LAST_PAUSE_MS), undefined, { ref: false });
      if (state === 'away' && (await connect()) === null) {
        await server.invalidateToolsCache?.();
        tell(`The MCP server "${nameOf(server)}" is connected now.`);
      }
    }
  };
  const leaveOut = (): void => {
    if (state !== 'connected') return;
    state = 'away';
    void tryAgain().catch(() => undefined);
  };
  server.listTools = async (...given) => {
    if (state === 'away') return [];
    try {
      return await list.apply(server, given);
    } catch (error) {
      const said = error instanceof Error ? error.message : String(error);
      tell(
        `The MCP server "${nameOf(server)}" cannot be reached, so its tools are left out: ${said}`,
      );
      leaveOut();
      return [];
    }
  };
  return {
    async begin() {
      // One of the author's own class may have no such thing.
      const { underlying } = fieldsOf(server);
      if (underlying === undefined || fieldsOf(underlying).session) return null;
      const failed = await connect();
      if (failed !== null) leaveOut();
      return failed;
    },
    async close() {
      state = 'closed';
      await server.close();
    },
  };
}

/** Why it could not be connected; null where it could. */
async function tryToConnect(server: McpServer, spawnErrors: SpawnErrors): Promise<string | null> {
  const errors: LastErrors = { text: '' };
  const late = new AbortController();
  const timeout = wait(CONNECT_TIMEOUT_MS, undefined, { signal: late.signal }).then(() => {
    throw new Error(`it did not answer within ${CONNECT_TIMEOUT_MS} ms`);
  });
  try {
    await Promise.race([spawnErrors.during(errors, () => server.connect()), timeout]);
    return null;
  } catch (error) {
    void server.close().catch(() => undefined);
    const said = error instanceof Error ? error.message : String(error);
    const wrote = lastWords(errors);
    return wrote === '' ? said : `${said}. It wrote: ${wrote}`;
  } finally {
    timeout.catch(() => undefined);
    late.abort();
  }
}

function unreachable(name: string, said: string, file: string): Finding {
  return {
    stage: 'load',
    code: 'mcp_server_unreachable',
    severity: 'warning',
    message: `The MCP server "${name}" cannot be connected: ${said}`,
    file,
    hint: 'Check its command or address. The agent runs without its tools; it is tried again.',
  };
}

function tell(text: string): void {
  process.stderr.write(`${text}\n`);
}
