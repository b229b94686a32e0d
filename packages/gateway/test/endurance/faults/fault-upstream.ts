import { openUpstream, type SeenCall, type Turn } from '../../support/scripted-upstream.ts';
import { startTcpRelay, type TcpRelay } from '../../support/tcp-relay.ts';

const answering = (status: number, body: string, headers = {}) => ({
  answer: { status, body, headers },
});
const refusal = '{"error":{"message":"garbage"}}';
const stream = { 'content-type': 'text/event-stream' };
const brokenJson = answering(200, '{"choices": [{"message": garbage');

type Spoil = (right: Turn, isStream: boolean) => Turn;

/** What an upstream may send in the place of an answer: by its name, what it makes of the right one. */
export const garbage: Readonly<Record<string, Spoil>> = {
  'broken JSON': () => brokenJson,
  'another JSON': () => answering(200, '{"hello":"garbage"}'),
  'a page': () => answering(200, '<html>garbage', { 'content-type': 'text/html' }),
  'a broken stream': () => answering(200, 'data: garbage\n\ndata: {"a":\n\n', stream),
  'status 500': () => answering(500, refusal),
  'status 401': () => answering(401, refusal),
  'status 302': () => answering(302, '', { location: 'http://127.0.0.1:9/' }),
  'a reset in the stream': (right, isStream) =>
    isStream ? { ...right, ending: 'break' } : brokenJson,
};

/** An upstream that stamps words, and what can happen to it. */
export type FaultUpstream = {
  /** With `/v1`. */
  readonly baseUrl: string;
  /** The way to it: cut, mended, muted. */
  readonly relay: TcpRelay;
  /** From now on every other call gets this kind of garbage; null for none. */
  readonly send: (name: string | null) => void;
  /** Who asked (the first part of the word) → model calls that got a whole answer. */
  readonly answered: ReadonlyMap<string, number>;
  readonly stop: () => Promise<void>;
};

export async function startFaultUpstream(): Promise<FaultUpstream> {
  const answered = new Map<string, number>();
  let spoil: Spoil | undefined;
  let count = 0;
  const { baseUrl, calls, stop } = await openUpstream((call) => {
    calls.length = 0;
    // Without a question the gateway looks whether there is an API at all.
    if (!call.body.input && !call.body.messages) return answering(400, refusal);
    count += 1;
    const { turn, word } = answerTo(call);
    if (spoil && count % 2 === 0) return spoil(turn, call.body.stream === true);
    const who = word.split('-')[0] ?? '';
    answered.set(who, (answered.get(who) ?? 0) + 1);
    return turn;
  });
  const relay = await startTcpRelay({ host: '127.0.0.1', port: Number(new URL(baseUrl).port) });
  return {
    baseUrl: `http://127.0.0.1:${relay.port}/v1`,
    relay,
    send(name) {
      spoil = garbage[name ?? ''];
    },
    answered,
    async stop() {
      stop();
      await relay.cut();
    },
  };
}

type Item = { readonly [field: string]: unknown };

/** Calls the tool with the last word of the user, and then says the instructions and what it gave. */
function answerTo({ body }: SeenCall): { readonly turn: Turn; readonly word: string } {
  const items = [body.input ?? body.messages].flat() as readonly Item[];
  const at = items.findLastIndex(({ role }) => role === 'user');
  const word = textOf(items[at]?.content);
  const given = items.slice(at + 1).find(({ type, role }) => {
    return type === 'function_call_output' || role === 'tool';
  });
  if (!given) return { turn: { calls: [{ name: 'stamp', args: { word } }] }, word };
  const told = items.filter(({ role }) => role === 'system' || role === 'developer');
  const instructions = body.instructions ?? told.map(({ content }) => textOf(content)).join();
  return {
    turn: { text: [`${instructions} `, `[${textOf(given.output ?? given.content)}]`] },
    word,
  };
}

function textOf(content: unknown): string {
  if (!Array.isArray(content)) return String(content ?? '');
  return content.map((part: Item) => String(part.text ?? '')).join('');
}
