/**
 * Restarts two gateways one after the other, behind a small round-robin balancer that asks `/readyz`, while callers go
 * on asking, and counts the answers that were lost. `ROUNDS` restarts of both. Ends with 1 where one was lost.
 */
import { execFileSync } from 'node:child_process';
import { cpSync, mkdtempSync, rmSync } from 'node:fs';
import { Agent, createServer, request as forward } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { type Server, startScript, stop } from './processes.ts';

const rounds = Number(process.env.ROUNDS ?? 2);
const callers = 8;

/** As balancers do by default, or faster: two looks that fail take a gateway out. */
const lookMs = 1000;
const looksToLeave = 2;

const here = import.meta.dirname;
const launcher = resolve(here, '../packages/gateway/bin/dropgate.cjs');
const upstream = await startScript([join(here, 'upstream/mock-upstream.ts')], {
  env: { DELTAS: '50' },
});
const project = mkdtempSync(join(tmpdir(), 'dropgate-rolling-'));
cpSync(join(here, 'agents'), join(project, 'src/agents'), { recursive: true });
const createKey = ['keys', 'create', '--role', 'caller', '--json'];
const created = execFileSync(process.execPath, [launcher, ...createKey], { cwd: project });
const { key } = JSON.parse(created.toString()) as { key: string };

type Backend = { server: Server; url: string; isIn: boolean; failures: number };

const backends: Backend[] = [];
const seen = { answers: 0, lost: [] as string[] };
let isOver = false;

try {
  backends.push(await startBackend(), await startBackend());
  const looking = look();
  const balancer = await startBalancer();
  await until(() => backends.every(({ isIn }) => isIn));
  const asking = Promise.all(Array.from({ length: callers }, (_, index) => ask(balancer, index)));
  for (let round = 0; round < rounds; round++)
    for (const backend of backends) await restart(backend);
  await wait(lookMs);
  isOver = true;
  await Promise.all([asking, looking]);
  const restarts = rounds * backends.length;
  console.log('| rolling restarts | answers | lost |\n| --- | --- | --- |');
  console.log(`| ${restarts} | ${seen.answers} | ${seen.lost.length} |\n`);
  for (const each of new Set(seen.lost)) console.log(`lost: ${each}`);
  process.exitCode = seen.lost.length === 0 ? 0 : 1;
} finally {
  isOver = true;
  for (const { server } of backends) await stop(server);
  await stop(upstream);
  rmSync(project, { recursive: true, force: true });
}
process.exit();

async function startBackend(): Promise<Backend> {
  const server = await startScript([launcher, 'start'], {
    cwd: project,
    env: {
      OPENAI_BASE_URL: `http://127.0.0.1:${upstream.firstLine}/v1`,
      OPENAI_API_KEY: 'bench-upstream-key',
      GATEWAY_PORT: '0',
      GATEWAY_UPSTREAM_API: 'responses',
    },
  });
  const { url } = JSON.parse(server.firstLine) as { url: string };
  return { server, url, isIn: false, failures: 0 };
}

async function restart(backend: Backend): Promise<void> {
  await stop(backend.server);
  Object.assign(backend, await startBackend());
  await until(() => backend.isIn);
}

async function until(isSo: () => boolean): Promise<void> {
  while (!isSo()) await wait(50);
}

/** Takes gateways in and out by what `/readyz` says. */
async function look(): Promise<void> {
  while (!isOver) {
    for (const backend of backends) {
      const answer = await fetch(`${backend.url}/readyz`).catch(() => null);
      await answer?.arrayBuffer();
      backend.failures = answer?.ok ? 0 : backend.failures + 1;
      if (answer?.ok) backend.isIn = true;
      else if (backend.failures >= looksToLeave) backend.isIn = false;
    }
    await wait(lookMs);
  }
}

/** Sends each request once, to the next gateway that is in: nothing is tried again. */
async function startBalancer(): Promise<string> {
  const agent = new Agent({ keepAlive: true });
  let turn = 0;
  const server = createServer((incoming, outgoing) => {
    const usable = backends.filter(({ isIn }) => isIn);
    const backend = usable[turn++ % usable.length];
    if (!backend) return outgoing.writeHead(502).end();
    const { method, headers } = incoming;
    const passed = forward(backend.url + incoming.url, { method, headers, agent }, (answer) => {
      outgoing.writeHead(answer.statusCode ?? 502, answer.headers);
      answer.on('error', () => outgoing.destroy()).pipe(outgoing);
    });
    passed.on('error', () =>
      outgoing.headersSent ? outgoing.destroy() : outgoing.writeHead(502).end(),
    );
    return incoming.pipe(passed);
  });
  await new Promise<void>((done) => void server.listen(0, '127.0.0.1', done));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

async function ask(balancer: string, caller: number): Promise<void> {
  const stream = caller % 2 === 0;
  const messages = [{ role: 'user', content: 'What is the weather?' }];
  while (!isOver) {
    const answer = await fetch(`${balancer}/v1/chat/completions`, {
      method: 'POST',
      headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
      body: JSON.stringify({ model: 'default/bench', stream, messages }),
    })
      .then(async (response) => ({ status: response.status, text: await response.text() }))
      .catch((error: unknown) => ({ status: 0, text: String(error) }));
    const isWhole = stream
      ? answer.text.trimEnd().endsWith('[DONE]')
      : answer.text.includes('"stop"');
    const isLost = answer.status !== 200 || !isWhole || answer.text.includes('"error"');
    seen.answers += 1;
    if (isLost) seen.lost.push(`${answer.status} ${answer.text.slice(-200)}`);
    await wait(20);
  }
}
