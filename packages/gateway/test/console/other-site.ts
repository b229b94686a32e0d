import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

/** A page of another origin, which tries to use the login of whoever visits it. */
export type OtherSite = {
  readonly port: number;
  readonly close: () => void;
};

/** Serves it on a port of its own on 127.0.0.1: to a browser that is another origin of the same site. */
export async function startOtherSite(consoleUrl: string): Promise<OtherSite> {
  const server = createServer((request, response) => {
    const isScript = request.url === '/tries.js';
    response.setHeader('content-type', isScript ? 'text/javascript' : 'text/html');
    response.end(isScript ? tries(consoleUrl) : '<!doctype html><script src="/tries.js"></script>');
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    close() {
      server.close();
      server.closeAllConnections();
    },
  };
}

/** Each try says what it got; `null` is nothing. */
function tries(url: string): string {
  return `
const url = ${JSON.stringify(url)};
const made = JSON.stringify({ role: 'admin', name: 'forged' });
const include = { credentials: 'include' };
const read = (path, init) => fetch(url + path, { ...include, ...init }).then((answer) => answer.text(), () => null);
const blind = (path, init) => fetch(url + path, { ...include, mode: 'no-cors', ...init }).then(({ type, status }) => type + status);
const loaded = (element) => new Promise((resolve) => {
  element.onload = () => resolve('loaded');
  element.onerror = () => resolve(null);
  document.documentElement.append(element);
});
const form = (path, fields) => {
  const frame = document.createElement('iframe');
  frame.name = 'answer' + Math.random();
  const sent = loaded(frame);
  const made = Object.assign(document.createElement('form'), { method: 'post', action: url + path, target: frame.name, enctype: 'text/plain' });
  for (const [name, value] of Object.entries(fields)) made.append(Object.assign(document.createElement('input'), { name, value }));
  document.documentElement.append(made);
  made.submit();
  return sent;
};
const framed = async (path) => {
  const frame = Object.assign(document.createElement('iframe'), { src: url + path });
  await loaded(frame);
  try { return frame.contentDocument ? frame.contentDocument.body.textContent : null; } catch { return null; }
};
const streamed = () => new Promise((resolve) => {
  const source = new EventSource(url + '/admin/events', { withCredentials: true });
  source.onmessage = ({ data }) => resolve(data);
  source.onerror = () => { source.close(); resolve(null); };
});
window.openConsole = () => { window.opened = window.open(url + '/console/keys', 'console'); };
window.reachConsole = () => {
  try { return [window.opened.closed, window.opened.document.title]; } catch { return [window.opened.closed, null]; }
};
window.outcome = (async () => ({
  read: await read('/admin/agents'),
  session: await read('/console/session'),
  sent: await read('/security/keys', { method: 'POST', headers: { 'content-type': 'application/json', 'x-csrf-token': 'guessed' }, body: made }),
  removed: await read('/console/session', { method: 'DELETE' }),
  plain: await blind('/security/keys', { method: 'POST', headers: { 'content-type': 'text/plain' }, body: made }),
  login: await blind('/console/session', { method: 'POST', body: JSON.stringify({ key: 'dg_' + 'x'.repeat(43) }) }),
  form: await form('/security/keys', { '{"role":"admin","name":"forged","x":"': '"}' }),
  script: await loaded(Object.assign(document.createElement('script'), { src: url + '/security/keys' })),
  image: await loaded(Object.assign(document.createElement('img'), { src: url + '/console/favicon.svg' })),
  frame: await framed('/console'),
  events: await streamed(),
}))();
`;
}
