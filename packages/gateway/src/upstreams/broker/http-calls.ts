import type { IncomingMessage, ServerResponse } from 'node:http';
import { PassThrough, type Readable } from 'node:stream';
import type { Unread, UnreadRoom } from '../../protocol/unread-room.ts';
import { runHeader } from '../../protocol/worker/broker-headers.ts';
import type { AnswerCall } from './answer-call.ts';
import type { HeldBody } from './body-room.ts';
import { type Grants, grantOfToken, type LiveCall } from './grants.ts';
import { createHttpSink } from './http-sink.ts';
import { readBody } from './read-body.ts';

/** Answers the calls that come over connections, each with the token of a worker. The handler never rejects. */
export function createHttpCalls(
  answerCall: AnswerCall,
  grants: Grants,
  room: UnreadRoom,
): (request: IncomingMessage, response: ServerResponse) => Promise<void> {
  return (request, response) => {
    // A worker may vanish between two writes; its `close` below is what counts.
    response.on('error', () => {});
    const token = tokenOf(request);
    const asked = () => ({
      grant: grantOfToken(grants, token),
      method: request.method ?? 'GET',
      url: request.url ?? '/',
      headers: request.headers,
      runId: runIdOf(request),
    });
    const agentId = grants.find(token ?? '')?.agentId;
    const unread = agentId === undefined ? refusal : room.hold({ agentId }, 'model_answer');
    return answerCall(asked, {
      sink: createHttpSink(request, response, unread),
      onOpen(call) {
        response.once('close', () => {
          if (!response.writableFinished) call.abort('The worker left.');
          call.end();
        });
      },
      takeBody: (call, held) => takeBody(request, call, held),
    });
  };
}

/** The answer to a stranger: a few words, which end its connection. */
const refusal: Unread = { set: () => true, refused: () => {}, release: () => {} };

function tokenOf({ headers }: IncomingMessage): string | undefined {
  return /^Bearer +(\S+)$/i.exec(headers.authorization ?? '')?.[1];
}

function runIdOf(request: IncomingMessage): string | undefined {
  const value = request.headers[runHeader];
  return typeof value === 'string' ? value : undefined;
}

/** JSON is read whole so that it can be sent again; uploads stream through. */
async function takeBody(
  request: IncomingMessage,
  call: LiveCall,
  held: HeldBody,
): Promise<Buffer | Readable | null> {
  if (request.method === 'GET' || request.method === 'DELETE') return null;
  const type = request.headers['content-type'];
  if (type === undefined || type.includes('json')) {
    return readBody(request, { signal: call.signal, held });
  }
  // A failed upload destroys its stream; the request must survive that to be answered.
  return request.pipe(new PassThrough().on('error', () => {}));
}
