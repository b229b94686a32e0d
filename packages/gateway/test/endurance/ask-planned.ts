import { Agent, type ClientRequest, request as httpRequest, type IncomingMessage } from 'node:http';
import { type PlannedRequest, questionOf } from './planned-request.ts';
import { within } from './sightings.ts';

/** What a caller got that stayed to the end. */
export type Answer = {
  readonly status: number;
  readonly content: string;
  /** Tokens in and out, where the answer says so. */
  readonly tokens: number | null;
  readonly raw: string;
};

/** Callers of a gateway, over connections of their own. */
export type Callers = {
  readonly ask: (planned: PlannedRequest, secret: string) => Promise<Answer>;
  /**
   * Sends a request, or the first half of its body, and goes when `until` resolves, and what it `hears` has come; gives the
   * moment.
   */
  readonly leave: (
    planned: PlannedRequest,
    secret: string,
    when: {
      readonly sends: 'half' | 'all';
      readonly until: Promise<unknown>;
      readonly hears?: string | undefined;
    },
  ) => Promise<number>;
  readonly close: () => void;
};

export function createCallers(url: string): Callers {
  const agent = new Agent({ keepAlive: true });
  const { hostname, port } = new URL(url);
  const open = ({ format }: PlannedRequest, secret: string, body: string): ClientRequest =>
    httpRequest({
      agent,
      hostname,
      port,
      method: 'POST',
      path: format === 'chat' ? '/v1/chat/completions' : '/v1/responses',
      headers: {
        authorization: `Bearer ${secret}`,
        'content-type': 'application/json',
        'content-length': Buffer.byteLength(body),
      },
    });
  return {
    async ask(planned, secret) {
      const body = bodyOf(planned);
      const response = await new Promise<IncomingMessage>((resolve, reject) => {
        open(planned, secret, body).on('response', resolve).on('error', reject).end(body);
      });
      const raw = await textOf(response);
      const { content, tokens } = readAnswer(planned, raw);
      return { status: response.statusCode ?? 0, content, tokens, raw };
    },
    async leave(planned, secret, { sends, until, hears }) {
      const body = bodyOf(planned);
      const request = open(planned, secret, body);
      const heard = Promise.withResolvers<void>();
      // A reset after it left is no news.
      request
        .on('error', () => {})
        .on('response', (response) => {
          response.setEncoding('utf8').on('data', (piece: string) => {
            if (hears !== undefined && piece.includes(hears)) heard.resolve();
          });
        });
      const sent = sends === 'half' ? body.slice(0, body.length / 2) : body;
      await new Promise<void>((resolve) => request.write(sent, () => resolve()));
      await until;
      if (hears !== undefined) await within(heard.promise, `${hears} of ${questionOf(planned)}`);
      const leftAtMs = performance.now();
      request.destroy();
      return leftAtMs;
    },
    close: () => agent.destroy(),
  };
}

/** One of ten responses is kept. */
const keptEvery = 10;

function bodyOf(planned: PlannedRequest): string {
  const { id, agent: model, stream, user, format } = planned;
  const content = questionOf(planned);
  if (format === 'chat') {
    return JSON.stringify({ model, stream, user, messages: [{ role: 'user', content }] });
  }
  return JSON.stringify({ model, stream, user, input: content, store: id % keptEvery === 0 });
}

async function textOf(response: IncomingMessage): Promise<string> {
  let text = '';
  response.setEncoding('utf8');
  for await (const piece of response) text += piece;
  return text;
}

type Body = {
  readonly choices?: readonly {
    readonly delta?: { readonly content?: string };
    readonly message?: { readonly content?: string };
  }[];
  readonly type?: string;
  readonly delta?: string;
  readonly response?: Body;
  readonly output?: readonly { readonly content?: readonly { readonly text?: string }[] }[];
  readonly usage?: { readonly total_tokens: number } | null;
};

function readAnswer({ format, stream }: PlannedRequest, raw: string) {
  if (!stream) {
    const body = JSON.parse(raw) as Body;
    const tokens = body.usage?.total_tokens ?? null;
    if (format === 'chat') return { content: body.choices?.[0]?.message?.content ?? '', tokens };
    const texts = (body.output ?? []).flatMap(({ content = [] }) => content);
    return { content: texts.map(({ text }) => text ?? '').join(''), tokens };
  }
  const lines = raw.split('\n').filter((line) => line.startsWith('data: {'));
  const bodies = lines.map((line): Body => JSON.parse(line.slice('data: '.length)));
  const last = bodies.at(-1);
  const texts = bodies.map(({ choices, type, delta }) => {
    if (format === 'chat') return choices?.[0]?.delta?.content ?? '';
    return type === 'response.output_text.delta' ? (delta ?? '') : '';
  });
  return { content: texts.join(''), tokens: last?.response?.usage?.total_tokens ?? null };
}
