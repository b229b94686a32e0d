import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { asksForModels } from '../support/model-list.ts';
import { answerText, answerWhole, type CallAnswer, type Wire } from './model-answers.ts';
import type { AbortPoint } from './planned-request.ts';
import { usageOf } from './planned-request.ts';
import { createSightings, type Sightings } from './sightings.ts';

/** What the upstream told and saw of the requests of one owner. */
export type Told = { calls: number; answered: number; input: number; output: number };

/** An upstream that speaks both of OpenAI's APIs fast, keeps no call, and counts what it answered to the end. */
export type CountingUpstream = {
  /** With `/v1`. */
  readonly baseUrl: string;
  /** Model calls that began, and that ended before they were answered. */
  readonly sightings: Sightings;
  /** By owner. */
  readonly told: ReadonlyMap<string, Told>;
  readonly openCalls: () => number;
  readonly stop: () => void;
};

/**
 * @param ownerOf - Under whom the call of a request is counted.
 */
export async function startCountingUpstream(
  ownerOf: (id: number) => string,
): Promise<CountingUpstream> {
  const sightings = createSightings();
  const told = new Map<string, Told>();
  let openCalls = 0;
  const tellOf = (id: number): Told => {
    const owner = ownerOf(id);
    const known = told.get(owner) ?? { calls: 0, answered: 0, input: 0, output: 0 };
    told.set(owner, known);
    return known;
  };
  const server = createServer(async (request, response) => {
    const body = await bodyOf(request);
    if (asksForModels(request.url ?? '')) {
      response.end('{"object":"list","data":[]}');
      return;
    }
    const asked = readCall(request.url ?? '', body);
    const { id } = asked;
    const sums = tellOf(id);
    sums.calls += 1;
    openCalls += 1;
    response.once('close', () => {
      openCalls -= 1;
      if (!response.writableFinished) sightings.ended(id);
    });
    response.once('finish', () => {
      const { input, output } = usageOf(id);
      sums.answered += 1;
      sums.input += input;
      sums.output += output;
    });
    serve(asked, response);
    sightings.begun(id);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return {
    baseUrl: `http://127.0.0.1:${port}/v1`,
    sightings,
    told,
    openCalls: () => openCalls,
    stop() {
      server.closeAllConnections();
      server.close();
    },
  };
}

type AskedCall = {
  readonly id: number;
  readonly plan: 'answer' | AbortPoint;
  readonly wire: Wire;
  readonly stream: boolean;
  readonly hasTools: boolean;
  /** Whether it brings the result of a tool. */
  readonly hasResult: boolean;
};

/** Read by eye rather than parsed: the upstream must not be what is waited for. */
function readCall(path: string, body: string): AskedCall {
  const [, id, plan] = /#(\d+) (\w+)/.exec(body) ?? [];
  if (id === undefined) throw new Error(`A model call of no request: ${body.slice(0, 500)}`);
  return {
    id: Number(id),
    plan: plan as AskedCall['plan'],
    wire: path.endsWith('/chat/completions') ? 'chat' : 'responses',
    stream: /"stream":\s?true/.test(body),
    hasTools: body.includes('look_up'),
    hasResult: body.includes('function_call_output'),
  };
}

function serve(asked: AskedCall, response: ServerResponse): void {
  const { plan, wire, stream } = asked;
  const type = stream ? 'text/event-stream' : 'application/json';
  if (plan === 'before_run' || plan === 'before_text') return;
  response.writeHead(200, { 'content-type': type });
  if (plan === 'mid_stream') {
    response.write(stream ? answerText(wire, ['Half ', 'of it ']) : '{"object":');
    return;
  }
  response.end(answerWhole(wire, { ...answerTo(asked), stream }));
}

function answerTo({ id, plan, hasTools, hasResult }: AskedCall): Omit<CallAnswer, 'stream'> {
  const usage = usageOf(id);
  const isCall = hasTools && !hasResult;
  if (isCall) return { usage, call: { id, name: plan === 'in_tool' ? 'wait_for' : 'look_up' } };
  return { usage, texts: ['Answer ', `to #${id}`, hasTools ? `: found ${id}.` : '.'] };
}

async function bodyOf(request: IncomingMessage): Promise<string> {
  let body = '';
  request.setEncoding('utf8');
  for await (const piece of request) body += piece;
  return body;
}
