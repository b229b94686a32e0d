import type { IncomingMessage } from 'node:http';
import { request } from 'node:https';
import { hangTimeoutMs } from '../../support/hang-limit.ts';
import type { Send } from '../faults/ask-agent.ts';

/** What a proxy says itself where a gateway gave it no answer. */
const ofProxy = [500, 502, 504];

/** Sends through a proxy, over a connection of its own each time. What the proxy answers itself counts as cut off. */
export function createSendOverTls(to: {
  readonly port: number;
  readonly ca: string;
  readonly servername: string;
}): Send {
  return async (path, { key, method = 'GET', body, headers }) => {
    const given = {
      host: to.servername,
      authorization: `Bearer ${key}`,
      ...(body && { 'content-type': 'application/json' }),
      ...headers,
    };
    const limit = AbortSignal.timeout(hangTimeoutMs);
    const options = { ...to, host: '127.0.0.1', agent: false, path, method, headers: given };
    let text = '';
    try {
      const answer = await new Promise<IncomingMessage>((resolve, reject) => {
        const sent = request({ ...options, signal: limit }, resolve);
        sent.once('error', reject).end(body ? JSON.stringify(body) : '');
      });
      for await (const piece of answer.setEncoding('utf8')) text += piece;
      const { statusCode: status = 0 } = answer;
      if (ofProxy.includes(status) && !text.startsWith('{')) {
        return { type: 'cut', why: `${status} of the proxy`, text: '' };
      }
      const told = Object.entries(answer.headers).map(([name, value]) => [name, String(value)]);
      return { type: 'answer', status, headers: new Headers(told as [string, string][]), text };
    } catch (thrown) {
      if (limit.aborted) throw new Error(`${path} was never answered to its end.`);
      return { type: 'cut', why: (thrown as { code?: string }).code ?? String(thrown), text };
    }
  };
}
