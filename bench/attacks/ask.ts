import { request } from 'node:http';
import type { VictimGateway } from './victim.ts';

/** By their name; several of one name as a list. */
export type Headers = Readonly<Record<string, string | readonly string[]>>;

/** `cookie`: the first that is set, without its attributes. */
export type Answer = { readonly status: number; readonly text: string; readonly cookie: string };

/** Asks with headers as they are: `fetch` lets nobody choose `Host`, `Origin` and their like. */
export function ask(
  { url }: Pick<VictimGateway, 'url'>,
  path: string,
  {
    method = 'GET',
    headers = {},
    body,
  }: { readonly method?: string; readonly headers?: Headers; readonly body?: string } = {},
): Promise<Answer> {
  const { hostname, port } = new URL(url);
  const given = Object.fromEntries(
    Object.entries(headers).map(([name, value]) => [
      name,
      typeof value === 'string' ? value : [...value],
    ]),
  );
  return new Promise((resolve, reject) => {
    const sent = request({ hostname, port, path, method, headers: given }, (answer) => {
      let text = '';
      answer.setEncoding('utf8').on('data', (piece: string) => {
        text += piece;
      });
      answer.once('error', reject);
      answer.once('end', () => {
        const [cookie = ''] = (answer.headers['set-cookie']?.[0] ?? '').split(';');
        resolve({ status: answer.statusCode ?? 0, text, cookie });
      });
    });
    sent.once('error', reject).end(body);
  });
}

/** What a body is. */
export const json = { 'content-type': 'application/json' };

/** What each attempt got, where that was not refused. */
export async function notRefused(
  attempts: Readonly<Record<string, () => Promise<Answer>>>,
  refused: readonly number[],
): Promise<string[]> {
  const broken: string[] = [];
  for (const [name, attempt] of Object.entries(attempts)) {
    const { status } = await attempt();
    if (!refused.includes(status)) broken.push(`${name}: ${status}`);
  }
  return broken;
}
