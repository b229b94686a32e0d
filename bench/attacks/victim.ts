import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join, resolve } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { promisify } from 'node:util';
import { pythonWithSdk } from '../../packages/gateway/test/support/python-with-sdk.ts';
import { type Server, startScript, stop } from '../processes.ts';
import { type BenchProject, createBenchProject } from '../reload/bench-gateway.ts';

const launcher = resolve(import.meta.dirname, '../../packages/gateway/bin/dropgate.cjs');
const readyTimeoutMs = 120_000;

/** What is kept of a log. */
const mostLogChars = 16 * 1024 * 1024;

export type VictimOptions = {
  /** Files of the project, with `/`: `src/agents/Spy/agent.ts` → its text. */
  readonly files: Readonly<Record<string, string>>;
  /** More of the gateway's environment. */
  readonly env?: Readonly<Record<string, string>>;
  /** Keys to make before it starts: their name → options of `dropgate keys create`. */
  readonly keys?: Readonly<Record<string, readonly string[]>>;
  /** Answers the agents' model calls; without one the demo model does. */
  readonly upstream?: (request: IncomingMessage, body: string, response: ServerResponse) => void;
};

export type VictimGateway = {
  readonly url: string;
  readonly pid: number;
  readonly project: BenchProject;
  /** By the name of the key; `admin` is always there. */
  readonly keys: Readonly<Record<string, string>>;
  /** A request with a key. */
  readonly fetch: (path: string, init?: RequestInit & { key?: string }) => Promise<Response>;
  /** Asks an agent; the status and the whole text of the answer. */
  readonly ask: (
    model: string,
    options?: { key?: string; content?: string; body?: object },
  ) => Promise<{ status: number; text: string }>;
  /** Runs a command of `dropgate` in the project; its output, whatever its exit code. */
  readonly command: (...args: string[]) => Promise<{ code: number; output: string }>;
  /** What it wrote to its log so far. */
  readonly log: () => string;
};

/** Starts gateways for an attack and ends all of them when it is over. */
export type Victim = {
  readonly start: (options: VictimOptions) => Promise<VictimGateway>;
  /** One that all attacks share which give these same options; it ends with the last of all. */
  readonly shared: (options: VictimOptions) => Promise<VictimGateway>;
  readonly project: (files: Readonly<Record<string, string>>) => BenchProject;
};

/** Gives many attacks gateways to share, one for each set of options. */
export function withShared<Result>(work: (shared: Victim['shared']) => Promise<Result>) {
  return withVictim(({ start }) => {
    const begun = new Map<VictimOptions, Promise<VictimGateway>>();
    return work((options) => {
      const gateway = begun.get(options) ?? start(options);
      begun.set(options, gateway);
      return gateway;
    });
  });
}

/** Gives an attack what it needs and cleans up behind it, however it ends. */
export async function withVictim<Result>(
  attack: (victim: Victim) => Promise<Result>,
  shared?: Victim['shared'],
) {
  const endings: (() => Promise<void> | void)[] = [];
  const project: Victim['project'] = (files) => {
    const made = createBenchProject();
    endings.push(made.remove);
    for (const [path, text] of Object.entries(files)) made.write(path, text);
    return made;
  };
  try {
    const start: Victim['start'] = async (options) => {
      const made = project(options.files);
      const upstream = options.upstream ? await listen(options.upstream) : null;
      if (upstream) endings.push(upstream.close);
      const { gateway, server } = await startVictim(made, options, upstream?.env ?? {});
      endings.push(() => stop(server));
      return gateway;
    };
    return await attack({ project, start, shared: shared ?? start });
  } finally {
    for (const end of endings.reverse()) await end();
  }
}

async function startVictim(
  project: BenchProject,
  { env = {}, keys: wanted = {} }: VictimOptions,
  upstreamEnv: Readonly<Record<string, string>>,
): Promise<{ gateway: VictimGateway; server: Server }> {
  const keys: Record<string, string> = {};
  for (const [name, options] of Object.entries({ admin: ['--role', 'admin'], ...wanted })) {
    const { output } = await command(project, [
      'keys',
      'create',
      '--json',
      '--name',
      name,
      ...options,
    ]);
    keys[name] = (JSON.parse(output) as { key: string }).key;
  }
  const server = await startScript([launcher, 'start'], {
    cwd: project.root,
    env: { GATEWAY_PORT: '0', ...python(), ...upstreamEnv, ...env },
  });
  let log = `${server.firstLine}\n`;
  server.process.stdout?.setEncoding('utf8').on('data', (piece: string) => {
    log = (log + piece).slice(-mostLogChars);
  });
  const url = await readyUrl(project);
  const send: VictimGateway['fetch'] = (path, { key = keys.admin, ...init } = {}) =>
    fetch(`${url}${path}`, {
      ...init,
      headers: {
        authorization: `Bearer ${key}`,
        'content-type': 'application/json',
        ...init.headers,
      },
    });
  const gateway: VictimGateway = {
    url,
    pid: server.pid,
    project,
    keys,
    fetch: send,
    command: (...args) => command(project, args),
    log: () => log,
    async ask(model, { key, content = 'Hi', body = {} } = {}) {
      const messages = [{ role: 'user', content }];
      const answer = await send('/v1/chat/completions', {
        method: 'POST',
        body: JSON.stringify({ model, messages, ...body }),
        ...(key === undefined ? {} : { key }),
      });
      return { status: answer.status, text: await answer.text() };
    },
  };
  return { gateway, server };
}

/** A Python with the SDK: `BENCH_PYTHON`, else the one that tests fetched. Without it some attacks cannot be tried. */
function python(): Record<string, string> {
  try {
    return { GATEWAY_PYTHON: process.env.BENCH_PYTHON ?? pythonWithSdk() };
  } catch {
    return {};
  }
}

/** Where it listens, once it serves: it says so in a file, for whatever else the first line of its log tells. */
async function readyUrl(project: BenchProject): Promise<string> {
  const deadline = AbortSignal.timeout(readyTimeoutMs);
  while (!deadline.aborted) {
    const url = addressIn(project);
    const answer = url === null ? null : await fetch(`${url}/readyz`).catch(() => null);
    if (url !== null && answer?.ok) return url;
    await wait(50);
  }
  throw new Error('The gateway did not get ready.');
}

function addressIn({ root }: BenchProject): string | null {
  try {
    const text = readFileSync(join(root, '.dropgate/gateway.json'), 'utf8');
    return (JSON.parse(text) as { address: string }).address;
  } catch {
    return null;
  }
}

async function command(project: BenchProject, args: readonly string[]) {
  const started = promisify(execFile)(process.execPath, [launcher, ...args], {
    cwd: project.root,
    maxBuffer: 64 * 1024 * 1024,
  });
  const { code, stdout, stderr } = await started.then(
    (done) => ({ ...done, code: 0 }),
    (failed: { code?: number; stdout: string; stderr: string }) => ({
      ...failed,
      code: failed.code ?? 1,
    }),
  );
  return { code, output: code === 0 ? stdout : stdout + stderr };
}

async function listen(answer: NonNullable<VictimOptions['upstream']>) {
  const server = createServer((request, response) => {
    let body = '';
    request.setEncoding('utf8').on('data', (piece: string) => {
      body += piece;
    });
    request.on('end', () => answer(request, body, response));
  });
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  const { port } = server.address() as AddressInfo;
  return {
    env: {
      OPENAI_API_KEY: 'sk-upstream-key-of-the-bench',
      OPENAI_BASE_URL: `http://127.0.0.1:${port}/v1`,
      GATEWAY_UPSTREAM_API: 'responses',
    },
    close: () =>
      new Promise<void>((done) => {
        server.closeAllConnections();
        server.close(() => done());
      }),
  };
}
