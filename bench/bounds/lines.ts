import type { Duplex } from 'node:stream';

/**
 * Messages as lines of JSON on a stream, with as little as that takes: what is sent in one turn of the event loop leaves
 * in one write, nothing is checked, and nobody is waited for.
 *
 * @returns Sends one.
 */
export function speakLines<In, Out>(
  stream: Duplex,
  take: (message: In) => void,
): (message: Out) => void {
  let rest = '';
  stream.setEncoding('utf8');
  stream.on('data', (text: string) => {
    const lines = (rest + text).split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) take(JSON.parse(line) as In);
  });
  let queue = '';
  const flush = () => {
    stream.write(queue);
    queue = '';
  };
  return (message) => {
    if (queue === '') setImmediate(flush);
    queue += `${JSON.stringify(message)}\n`;
  };
}
