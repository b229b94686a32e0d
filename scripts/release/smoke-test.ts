import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { homedir, tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { registrySettings } from '../../packages/gateway/test/support/fetch-once.ts';
import { packGateway } from '../../packages/gateway/test/support/packed-gateway.ts';
import type { DropIn } from './drop-ins.ts';
import { installSize } from './install-size.ts';

const run = promisify(execFile);

/** For any one step; a registry may be slow. */
const STEP_TIMEOUT_MS = 600_000;

const START_TIMEOUT_MS = 60_000;

/** What came of a smoke test; times are in milliseconds, sizes in MiB. */
export type SmokeResult = {
  readonly node: string;
  readonly platform: string;
  readonly user: 'root' | 'user';
  readonly install_mb: number;
  readonly packages: number;
  readonly start_ms: number;
  readonly first_answer_ms: number;
  readonly models: readonly string[];
  /** Answers that were asked for, and what was wrong with some. */
  readonly asked: number;
  readonly failures: readonly string[];
};

/** Installs the package as it would be published into an empty folder and asks it. Rejects where it does not start. */
export async function smokeTest(
  dropIns: readonly DropIn[],
  say: (line: string) => void,
): Promise<SmokeResult> {
  const folder = await mkdtemp(join(tmpdir(), 'dropgate-smoke-'));
  const env = { PATH: process.env.PATH, HOME: homedir(), GATEWAY_PORT: '0', ...registrySettings() };
  const dropgate = (...args: string[]) => {
    const launcher = join(folder, 'node_modules/dropgate/bin/dropgate.cjs');
    const options = { cwd: folder, env, timeout: STEP_TIMEOUT_MS };
    return run(process.execPath, [launcher, ...args], options);
  };
  try {
    say('Packing and installing …');
    const archive = await packGateway(folder);
    await writeFile(join(folder, 'package.json'), JSON.stringify({ private: true }));
    const quiet = ['--no-audit', '--no-fund', '--ignore-scripts', '--fetch-retries=5'];
    await run('npm', ['install', ...quiet, archive], {
      cwd: folder,
      env,
      timeout: STEP_TIMEOUT_MS,
    });
    const size = await installSize(join(folder, 'node_modules'));
    await dropgate('init');
    await drop(folder, dropIns);
    if (dropIns.length > 0) {
      say('Installing what the agents declare …');
      await dropgate('deps', 'install');
    }
    const { stdout } = await dropgate('keys', 'create', '--name', 'smoke', '--json');
    const key: string = JSON.parse(stdout).key;
    const answers = await ask({
      folder,
      env,
      key,
      models: ['default/sampleagent', ...models(dropIns)],
    });
    const user = process.getuid?.() === 0 ? 'root' : 'user';
    const machine = { node: process.version, platform: process.platform, user } as const;
    return { ...machine, ...size, ...answers };
  } finally {
    await rm(folder, { recursive: true, force: true, maxRetries: 5 });
  }
}

function models(dropIns: readonly DropIn[]): readonly string[] {
  return dropIns.map(({ model }) => model);
}

async function drop(folder: string, dropIns: readonly DropIn[]): Promise<void> {
  for (const [path, text] of dropIns.flatMap(({ files }) => Object.entries(files))) {
    await mkdir(dirname(join(folder, path)), { recursive: true });
    await writeFile(join(folder, path), text);
  }
}

type Asking = {
  readonly folder: string;
  readonly env: NodeJS.ProcessEnv;
  readonly key: string;
  readonly models: readonly string[];
};

/** Starts the gateway and asks each model, whole and streamed, for what a tool of it tells. */
async function ask({ folder, env, key, models }: Asking) {
  const launcher = join(folder, 'node_modules/dropgate/bin/dropgate.cjs');
  const beganAtMs = performance.now();
  const child = spawn(process.execPath, [launcher, 'start'], { cwd: folder, env });
  try {
    const url = await address(child);
    const start_ms = Math.round(performance.now() - beganAtMs);
    const failures: string[] = [];
    let first_answer_ms = 0;
    for (const model of models) {
      for (const stream of [false, true]) {
        const said = await chat({ url, key, model, stream }).catch(String);
        first_answer_ms ||= Math.round(performance.now() - beganAtMs);
        const how = stream ? 'streamed' : 'whole';
        if (!/sunny.* in Paris/.test(said))
          failures.push(`${model}, ${how}: ${said.slice(0, 500)}`);
      }
    }
    const listed = await (await fetch(`${url}/v1/models`, authorized(key))).json();
    const ids = (listed as { data: { id: string }[] }).data.map(({ id }) => id);
    const unlisted = models.filter((model) => !ids.includes(model));
    if (unlisted.length > 0) failures.push(`Not listed: ${unlisted.join(', ')}`);
    return { start_ms, first_answer_ms, models: ids, asked: models.length * 2, failures };
  } finally {
    const ended = new Promise((resolve) => child.once('close', resolve));
    child.kill('SIGTERM');
    await ended;
  }
}

function address(child: ChildProcess): Promise<string> {
  return new Promise((resolve, reject) => {
    let said = '';
    const fail = () => reject(new Error(`The gateway did not start: ${said.slice(-2000)}`));
    const timer = setTimeout(fail, START_TIMEOUT_MS);
    child.once('close', fail);
    for (const stream of [child.stdout, child.stderr]) {
      stream?.setEncoding('utf8').on('data', (text: string) => {
        said += text;
        const url = /"url":"(http:[^"]+)"/.exec(said)?.[1];
        if (!url) return;
        clearTimeout(timer);
        resolve(url);
      });
    }
  });
}

function authorized(key: string) {
  const headers = { authorization: `Bearer ${key}`, 'content-type': 'application/json' };
  return { headers, signal: AbortSignal.timeout(STEP_TIMEOUT_MS) };
}

async function chat(question: {
  readonly url: string;
  readonly key: string;
  readonly model: string;
  readonly stream: boolean;
}): Promise<string> {
  const { url, key, model, stream } = question;
  const messages = [{ role: 'user', content: 'What is the weather in Paris?' }];
  const answer = await fetch(`${url}/v1/chat/completions`, {
    method: 'POST',
    body: JSON.stringify({ model, stream, messages }),
    ...authorized(key),
  });
  const text = await answer.text();
  if (!stream || !answer.ok) return text;
  const deltas = text.split('\n').flatMap((line) => {
    const data = line.replace(/^data: /, '');
    return data.startsWith('{') ? (JSON.parse(data).choices?.[0]?.delta?.content ?? '') : [];
  });
  return deltas.join('');
}
