import { connect, type Socket } from 'node:net';

/** How an exchange over a bare connection ended: an answer's status with its head and body, or no answer. */
export type RawAnswer =
  | { readonly status: number; readonly head: string; readonly body: string }
  | { readonly status: null };

/** A connection that sends bytes as they are and is opened anew where the other side closed it. */
export type RawClient = {
  /** Sends a request and waits for its answer, or for the end. `isWhole` false: nothing more will be sent. */
  readonly send: (bytes: string | Buffer, options?: { isWhole: boolean }) => Promise<RawAnswer>;
  readonly close: () => void;
};

/** Speaks to a gateway without a client's manners. */
export function createRawClient(url: string): RawClient {
  const { hostname, port } = new URL(url);
  let socket: Socket | null = null;

  const opened = (): Socket => {
    if (socket && !socket.destroyed && socket.writable) return socket;
    socket = connect({ port: Number(port), host: hostname, noDelay: true });
    socket.on('error', () => {});
    return socket;
  };

  return {
    async send(bytes, { isWhole } = { isWhole: true }) {
      const current = opened();
      const answered = readAnswer(current);
      current.write(bytes);
      if (!isWhole) current.end();
      const answer = await answered;
      const closes = answer.status === null || /\r\nconnection: close/i.test(answer.head);
      if (closes || !isWhole) current.destroy();
      return answer;
    },
    close: () => socket?.destroy(),
  };
}

function readAnswer(socket: Socket): Promise<RawAnswer> {
  const { promise, resolve } = Promise.withResolvers<RawAnswer>();
  let text = '';
  const settle = (answer: RawAnswer) => {
    socket.off('data', read).off('close', end).off('end', end);
    resolve(answer);
  };
  const end = () => settle(answerOf(text, 'ended') ?? { status: null });
  const read = (piece: Buffer) => {
    text += piece.toString('latin1');
    const answer = answerOf(text, 'open');
    if (answer) settle(answer);
  };
  socket.on('data', read).once('close', end).once('end', end);
  return promise;
}

/** The first final answer in a text; null where there is not all of it yet. */
function answerOf(text: string, connection: 'open' | 'ended'): RawAnswer | null {
  const headEnd = text.indexOf('\r\n\r\n');
  if (headEnd === -1) return null;
  const head = text.slice(0, headEnd);
  const status = Number(head.slice(9, 12));
  const body = text.slice(headEnd + 4);
  if (status === 100) return answerOf(body, connection);
  const length = /\r\ncontent-length: (\d+)/i.exec(head)?.[1];
  const isChunked = /\r\ntransfer-encoding: chunked/i.test(head);
  const hasNoBody = status === 204 || status === 304 || (length === undefined && !isChunked);
  const isWhole = isChunked ? body.endsWith('0\r\n\r\n') : body.length >= Number(length ?? 0);
  return hasNoBody || isWhole || connection === 'ended' ? { status, head, body } : null;
}
