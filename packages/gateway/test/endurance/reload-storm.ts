import { Agent, request as httpRequest, type IncomingMessage } from 'node:http';
import { setTimeout as wait } from 'node:timers/promises';
import { expect } from 'vitest';
import type { TestGateway } from '../acceptance/harness.ts';
import { statusOf } from '../acceptance/reloading.ts';
import { until } from '../acceptance/until.ts';
import type { Language } from './describe-endurance.ts';
import { versionedSource } from './versioned-agent.ts';

/** Callers that ask for a short answer again and again, and for one that outlasts several saves. */
const SHORT_CALLERS = 4;
const LONG_CALLERS = 2;

/** Between two of them of one caller: loads need some of the machine, too. */
const PAUSE_MS = 20;

/** What answers say while the agent is saved again and again. */
export type ReloadTally = {
  answered: number;
  /** Of these, those that began in one generation and ended after the next was seen. */
  outlasted: number;
  readonly wrong: string[];
};

/**
 * Saves an agent so many times, each time once the version before is seen, while callers ask all the time. Each answer has
 * to be whole, of one version, and of one that was live while it was asked for.
 *
 * @param onSaved - Called after each save that is seen.
 */
export async function runReloadStorm(
  gateway: TestGateway,
  options: {
    readonly language: Language;
    readonly saves: number;
    readonly onSaved: (version: number) => Promise<void>;
  },
): Promise<ReloadTally> {
  const { language, saves, onSaved } = options;
  const tally: ReloadTally = { answered: 0, outlasted: 0, wrong: [] };
  const state = { saved: 0, seen: 0, isOver: false };
  const agent = new Agent({ keepAlive: true });
  const caller = async (content: 'short' | 'long', index: number) => {
    const stream = index % 2 === 0;
    while (!state.isOver) {
      await askOnce(gateway, { agent, content, stream, state, tally });
      await wait(PAUSE_MS);
    }
  };
  const callers = [
    ...Array.from({ length: SHORT_CALLERS }, (_, index) => caller('short', index)),
    ...Array.from({ length: LONG_CALLERS }, (_, index) => caller('long', index)),
  ];
  try {
    for (let version = 1; version <= saves; version += 1) {
      state.saved = version;
      await gateway.project.write(versionedSource(language, version));
      await until(`version ${version}`, () => state.seen >= version || tally.wrong.length > 0);
      if (tally.wrong.length > 0) break;
      await onSaved(version);
    }
  } finally {
    state.isOver = true;
    await Promise.all(callers);
    agent.destroy();
  }
  // The first was there before the first save.
  expect((await statusOf(gateway, 'Versioned'))?.generation).toBe(state.saved + 1);
  return tally;
}

type Asked = {
  readonly agent: Agent;
  readonly content: 'short' | 'long';
  readonly stream: boolean;
  readonly state: { readonly saved: number; seen: number };
  readonly tally: ReloadTally;
};

async function askOnce(
  gateway: TestGateway,
  { agent, content, stream, state, tally }: Asked,
): Promise<void> {
  const atLeast = state.seen;
  const messages = [{ role: 'user', content }];
  const body = JSON.stringify({ model: 'default/versioned', stream, messages });
  const { status, text } = await post(gateway, agent, body);
  tally.answered += 1;
  const parts = [...text.matchAll(/v(\d+);/g)].map(([, version]) => Number(version));
  const [version = -1] = parts;
  const isWhole = parts.length === (content === 'long' ? 40 : 5);
  const isOne = new Set(parts).size === 1;
  const wasLive = version >= atLeast && version <= state.saved;
  if (status !== 200 || !isWhole || !isOne || !wasLive) {
    tally.wrong.push(`of ${atLeast} to ${state.saved}: ${status} ${text.slice(0, 2000)}`);
  }
  if (version < state.seen) tally.outlasted += 1;
  state.seen = Math.max(state.seen, version);
}

/** Over connections that are closed in the end: those of `fetch` stay open for a while. */
async function post(
  { url, key }: TestGateway,
  agent: Agent,
  body: string,
): Promise<{ readonly status: number; readonly text: string }> {
  const headers = { authorization: `Bearer ${key}`, 'content-type': 'application/json' };
  const response = await new Promise<IncomingMessage>((resolve, reject) => {
    httpRequest(`${url}/v1/chat/completions`, { agent, method: 'POST', headers })
      .on('response', resolve)
      .on('error', reject)
      .end(body);
  });
  let text = '';
  for await (const piece of response.setEncoding('utf8')) text += piece;
  return { status: response.statusCode ?? 0, text };
}
