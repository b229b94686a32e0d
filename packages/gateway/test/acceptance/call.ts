import { expect } from 'vitest';
import type { TestGateway } from './harness.ts';
import { until } from './until.ts';

/** An answer as it came over the wire. */
export type Reply = {
  readonly status: number;
  readonly headers: Headers;
  /** The whole body, whatever it is. */
  readonly text: string;
  /** Of a streamed answer: the texts joined. Of a whole one: its content. */
  readonly content: string;
  /** `error` of the body, or of the stream's line that has one. */
  readonly error: {
    readonly code: string | null;
    readonly type: string;
    readonly message: string;
    readonly param: string | null;
    readonly dropgate?: unknown;
  } | null;
};

export type Question = {
  readonly model: string;
  readonly content?: string;
  readonly stream?: boolean;
  /** Called with all that came so far of a streamed answer, after each piece. */
  readonly onText?: (text: string) => Promise<void> | void;
};

/** Asks an agent with a key and takes whatever comes, without a client that would smooth it. */
export async function call(
  gateway: TestGateway,
  key: string,
  { model, content = 'Hi', stream = false, onText }: Question,
): Promise<Reply> {
  const body = JSON.stringify({ model, stream, messages: [{ role: 'user', content }] });
  const response = await post(gateway, key, body);
  let text = '';
  const decoder = new TextDecoder();
  for await (const piece of response.body ?? []) {
    text += decoder.decode(piece, { stream: true });
    await onText?.(text);
  }
  return { status: response.status, headers: response.headers, text, ...partsOf(text) };
}

/** Posts a body to chat completions as it is. */
export function post(
  gateway: TestGateway,
  key: string,
  body: string,
  signal?: AbortSignal,
): Promise<Response> {
  return fetch(`${gateway.url}/v1/chat/completions`, {
    method: 'POST',
    headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
    body,
    ...(signal ? { signal } : {}),
  });
}

type Body = {
  readonly error?: Reply['error'];
  readonly choices?: readonly {
    readonly delta?: { readonly content?: string };
    readonly message?: { readonly content?: string };
  }[];
};

function partsOf(text: string): Pick<Reply, 'content' | 'error'> {
  const lines = text.split('\n').filter((line) => line.startsWith('data: {'));
  const bodies = (lines.length > 0 ? lines.map((line) => line.slice(6)) : [text]).map(
    (json): Body => JSON.parse(json),
  );
  const contents = bodies.flatMap(({ choices }) =>
    (choices ?? []).map(({ delta, message }) => (delta ?? message)?.content ?? ''),
  );
  return {
    content: contents.join(''),
    error: bodies.find(({ error }) => error)?.error ?? null,
  };
}

/** An error that an admin got, without what is for admins alone. */
export function toldToCallers(error: unknown): string {
  return JSON.stringify(error, (name, value) => (name === 'dropgate' ? undefined : value));
}

/** What no caller may see: places in files, stacks, paths, and what an author wrote for themselves. */
export function expectNoInsides(text: string): void {
  expect(text).not.toMatch(/dropgate-project|\/src\/|\/tmp\/|node_modules|\.m?[tj]s\b/);
  expect(text).not.toMatch(/\n\s+at |\\n\s+at |hunter2|127\.0\.0\.1|sk-/);
}

/** A healthy agent answers as if nothing were. */
export async function expectEchoAnswers(gateway: TestGateway): Promise<void> {
  const answer = await gateway.client().chat.completions.create({
    model: 'default/echo',
    messages: [{ role: 'user', content: 'Still there?' }],
  });
  expect(answer.choices[0]?.message.content).toBe('Still there?');
}

export type Diagnostic = {
  readonly agent_id: string | null;
  readonly stage: string;
  readonly code: string;
  readonly severity: string;
  readonly message: string;
  readonly hint: string | null;
  readonly file: string | null;
  readonly line: number | null;
};

/** What `GET /admin/agents/errors` has of an agent, newest first. */
export async function diagnosticsOf(
  gateway: TestGateway,
  agentId: string,
): Promise<readonly Diagnostic[]> {
  const response = await gateway.fetch(`/admin/agents/errors?agent=${agentId}&limit=500`);
  return ((await response.json()) as { errors: Diagnostic[] }).errors;
}

/** The lines of the log, each with its indented rest, that are about an agent. */
export function logOf(gateway: TestGateway, agentId: string): readonly string[] {
  const entries = gateway.logs().split(/\n(?=\d\d:\d\d:\d\d )/);
  return entries.filter((entry) => entry.includes(`agent_id=${agentId} `));
}

/** Remembers how many runs of an agent were cancelled; the returned function waits for one more. */
export function watchCancelled(gateway: TestGateway, agentId: string): () => Promise<unknown> {
  const count = () =>
    logOf(gateway, agentId).filter((line) => line.includes('run cancelled')).length;
  const before = count();
  return () => until(`a cancelled run of ${agentId}`, () => count() > before);
}

/** Asks until the agent's process is started again: after a crash there is a pause. */
export function untilAnswered(gateway: TestGateway, question: Question): Promise<string> {
  return until(`an answer of ${question.model}`, async () => {
    const reply = await call(gateway, gateway.key, question);
    return reply.status === 503 || reply.error?.code === 'agent_unavailable' ? null : reply.content;
  });
}
