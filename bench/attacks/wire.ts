import { connect } from 'node:net';

/** How long a side may say nothing before the exchange counts as over. */
const silenceMs = 1500;

/**
 * Sends bytes as they are over a connection of their own, and nothing more.
 *
 * @returns All that came back until the other side closed, or said nothing for a while.
 */
export function exchange(url: string, bytes: string | Buffer): Promise<string> {
  const { hostname, port } = new URL(url);
  return new Promise((resolve) => {
    let text = '';
    const socket = connect(Number(port), hostname);
    const over = () => {
      socket.destroy();
      resolve(text);
    };
    socket.setTimeout(silenceMs, over);
    socket.setEncoding('latin1').on('data', (piece: string) => {
      text += piece;
    });
    socket.once('error', over).once('close', over);
    socket.write(bytes);
  });
}

/** The statuses of the answers in what came back. */
export function statusesIn(text: string): number[] {
  return [...text.matchAll(/^HTTP\/1\.1 (\d{3})/gm)].map(([, status]) => Number(status));
}
