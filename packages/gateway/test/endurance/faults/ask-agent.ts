import { hangTimeoutMs } from '../../support/hang-limit.ts';
import { type Asked, type FaultedAgent, isRightBeginning, isRightText } from './project-files.ts';
import { readAnswer } from './read-answer.ts';
import type { CallEnd } from './witness.ts';

/** What came back of a request; `cut` where the connection was refused or ended too early. */
export type Sent =
  | {
      readonly type: 'answer';
      readonly status: number;
      readonly text: string;
      readonly headers: Headers;
    }
  | { readonly type: 'cut'; readonly why: string; readonly text: string };

export type Send = (
  path: string,
  request: {
    readonly key: string;
    readonly method?: string;
    readonly body?: object;
    readonly headers?: Readonly<Record<string, string>>;
  },
) => Promise<Sent>;

/** Sends to a gateway whatever its state is. Never throws, unless an answer does not end at all. */
export function createSend(url: string): Send {
  return async (path, { key, method = 'GET', body, headers }) => {
    let text = '';
    const limit = AbortSignal.timeout(hangTimeoutMs / 2);
    try {
      const response = await fetch(`${url}${path}`, {
        method,
        headers: {
          authorization: `Bearer ${key}`,
          ...(body && { 'content-type': 'application/json' }),
          ...headers,
        },
        ...(body && { body: JSON.stringify(body) }),
        signal: limit,
      });
      const decoder = new TextDecoder();
      for await (const piece of response.body ?? [])
        text += decoder.decode(piece, { stream: true });
      return { type: 'answer', status: response.status, headers: response.headers, text };
    } catch (thrown) {
      if (limit.aborted) throw new Error(`${path} was never answered to its end.`);
      const { cause } = thrown as { cause?: { code?: string } };
      return { type: 'cut', why: cause?.code ?? String(thrown), text };
    }
  };
}

export const formats = [
  { format: 'chat', stream: false },
  { format: 'chat', stream: true },
  { format: 'responses', stream: false },
  { format: 'responses', stream: true },
] as const;

/** Path and body of a question. */
export function questionOf(
  agent: FaultedAgent,
  word: string,
  { format, stream }: (typeof formats)[number],
): { readonly path: string; readonly body: object } {
  const { model } = agent;
  return format === 'chat'
    ? {
        path: '/v1/chat/completions',
        body: { model, stream, messages: [{ role: 'user', content: word }] },
      }
    : { path: '/v1/responses', body: { model, stream, input: word } };
}

/** What an answer was worth, and its id and text where it is the right one. */
export function judge(
  agent: FaultedAgent,
  sent: Sent,
  asked: Asked,
): { readonly end: CallEnd; readonly id: string; readonly text: string } {
  const about = (end: CallEnd, id = '', text = '') => ({ end, id, text });
  const wrong = (what: string) => about({ type: 'wrong', what: `${asked.word} got ${what}` });
  if (sent.type === 'cut') {
    const begun = sent.text.startsWith('data:') ? readAnswer(sent.text).text : '';
    if (!isRightBeginning(agent, begun, asked)) return wrong(`a wrong beginning: ${begun}`);
    return about({ type: 'cut', why: sent.why });
  }
  const { status } = sent;
  let answer: ReturnType<typeof readAnswer>;
  try {
    answer = readAnswer(sent.text);
  } catch {
    return wrong(`${status} and no JSON: ${sent.text.slice(0, 200)}`);
  }
  const { id, text, error, isWhole } = answer;
  if (error) {
    if (!isRightBeginning(agent, text, asked)) return wrong(`a wrong beginning: ${text}`);
    if (!isWhole) return wrong('an error without the end of its stream');
    return about({ type: 'error', code: error.code, ...(status !== 200 && { status }) });
  }
  if (status !== 200) return wrong(`${status} without an error: ${sent.text.slice(0, 200)}`);
  if (!isWhole) return wrong(`a stream without an end: ${sent.text.slice(-200)}`);
  if (!isRightText(agent, text, asked)) return wrong(`another answer: ${text}`);
  return about({ type: 'right' }, id, text);
}
