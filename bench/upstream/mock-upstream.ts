/**
 * A fast upstream that speaks the Responses API, and chat completions: first turn a call of `get_weather`, second turn a
 * text of `DELTAS` words, or of as many as the question says ("of 250 words"). A request without that tool has the text at
 * once. `GET /stats` counts the calls, their results and the texts. A process of its own, so that its CPU is in nobody's
 * figure. Prints its port. How a text is streamed is a word in the question:
 *
 * - "slowly": with a pause behind the first word.
 * - "steadily": with `PACE_MS` before each word.
 * - "evenly": the same, and each word says when it was sent: `at<ms since 1970> `. Of Responses only.
 * - "quietly": the first word, and the others when `GET /release` was asked. Of Responses only.
 */
import { once, setMaxListeners } from 'node:events';
import type { ServerResponse } from 'node:http';
import { createServer } from 'node:http';
import { setTimeout as pause } from 'node:timers/promises';
import { type ChatAnswer, chatAnswer } from './chat-answer.ts';

const deltas = Number(process.env.DELTAS ?? 50);
const paceMs = Number(process.env.PACE_MS ?? 0);
const usual = wordsOf(deltas);
const usage = {
  input_tokens: 20,
  input_tokens_details: { cached_tokens: 0 },
  output_tokens: 10,
  output_tokens_details: { reasoning_tokens: 0 },
  total_tokens: 30,
};

type Asked = { stream?: boolean; tools?: unknown[]; messages?: { role: string }[] };

const server = createServer((request, response) => {
  let body = '';
  request.setEncoding('utf8');
  request.on('data', (chunk: string) => {
    body += chunk;
  });
  request.on('end', () => {
    // Once in a while a gateway asks for the models there are.
    if (request.method === 'GET') {
      const isStats = request.url === '/stats';
      if (request.url === '/release') released.dispatchEvent(new Event('released'));
      sendJson(response, isStats ? stats : { object: 'list', data: [] });
      return;
    }
    const { stream, tools, messages } = JSON.parse(body) as Asked;
    const words = asked(body);
    if (request.url?.endsWith('/chat/completions')) {
      const isCall = mayCall(tools) && !messages?.some(({ role }) => role === 'tool');
      count(isCall, body);
      const answer = chatAnswer({ callId: isCall ? nextCallId() : null, words, body });
      void sendChat(response, answer, paceOf(body));
      return;
    }
    const isCall = mayCall(tools) && !body.includes('"function_call_output"');
    count(isCall, body);
    const item = isCall ? call() : message(words);
    if (stream) void sendEvents(response, { item, words, pace: paceOf(body) });
    else sendWhole(response, item);
  });
});
server.keepAliveTimeout = 600_000;
server.listen(0, '127.0.0.1', () => {
  const address = server.address();
  process.stdout.write(`${typeof address === 'object' ? address?.port : ''}\n`);
});

function wordsOf(count: number): readonly string[] {
  return Array.from({ length: count }, (_, index) => `word${index} `);
}

/** Texts of other lengths, by their number of words. */
const others = new Map<number, readonly string[]>();

function asked(body: string): readonly string[] {
  const [, said] = /of (\d+) words/.exec(body) ?? [];
  if (said === undefined) return usual;
  const count = Number(said);
  const words = others.get(count) ?? wordsOf(count);
  others.set(count, words);
  return words;
}

function mayCall(tools: unknown[] = []): boolean {
  return JSON.stringify(tools).includes('get_weather');
}

const stats = { calls: 0, results: 0, texts: 0 };

function count(isCall: boolean, body: string): void {
  if (isCall) stats.calls += 1;
  else stats.texts += 1;
  if (body.includes('sunny in Paris')) stats.results += 1;
}

let calls = 0;

/** Each has another, as with real models: results are looked up by it. */
function nextCallId(): string {
  calls += 1;
  return `call_${calls}`;
}

function call() {
  return {
    type: 'function_call' as const,
    id: 'fc_1',
    call_id: nextCallId(),
    name: 'get_weather',
    arguments: '{"city":"Paris"}',
    status: 'completed',
  };
}

function message(words: readonly string[]) {
  return {
    type: 'message' as const,
    id: 'msg_1',
    role: 'assistant',
    status: 'completed',
    content: [{ type: 'output_text', text: words.join(''), annotations: [] }],
  };
}

type Item = ReturnType<typeof call> | ReturnType<typeof message>;

function responseBody(output: readonly Item[], status: string) {
  return {
    id: 'resp_1',
    object: 'response',
    created_at: 1,
    status,
    model: 'bench-model',
    output,
    usage: status === 'completed' ? usage : null,
    error: null,
    incomplete_details: null,
    instructions: null,
    metadata: {},
    parallel_tool_calls: true,
    temperature: 1,
    tool_choice: 'auto',
    tools: [],
    top_p: 1,
  };
}

function sendWhole(response: ServerResponse, item: Item): void {
  sendJson(response, responseBody([item], 'completed'));
}

function sendJson(response: ServerResponse, body: object): void {
  response.writeHead(200, { 'content-type': 'application/json' });
  response.end(JSON.stringify(body));
}

/** As long as a model takes for several words: what comes after it is not the first token. */
const pauseMs = 20;

const paces = ['slowly', 'steadily', 'evenly', 'quietly'] as const;

type Pace = (typeof paces)[number] | 'at once';

function paceOf(body: string): Pace {
  return paces.find((pace) => body.includes(pace)) ?? 'at once';
}

/** Tells the streams that are quiet to go on. */
const released = new EventTarget();
// One listener for each of them.
setMaxListeners(0, released);

async function beforeWord(pace: Pace, index: number): Promise<void> {
  if (pace === 'evenly' || pace === 'steadily') await pause(paceMs);
  if (pace === 'slowly' && index === 1) await pause(pauseMs);
  if (pace === 'quietly' && index === 1) await once(released, 'released');
}

async function sendChat(response: ServerResponse, answer: ChatAnswer, pace: Pace): Promise<void> {
  const { contentType, before, words, after } = answer;
  response.writeHead(200, { 'content-type': contentType });
  if (pace === 'at once') {
    response.end(before + words.join('') + after);
    return;
  }
  response.write(before);
  for (const [index, word] of words.entries()) {
    await beforeWord(pace, index);
    response.write(word);
  }
  response.end(after);
}

async function sendEvents(
  response: ServerResponse,
  {
    item,
    words,
    pace,
  }: { readonly item: Item; readonly words: readonly string[]; readonly pace: Pace },
): Promise<void> {
  response.writeHead(200, { 'content-type': 'text/event-stream' });
  let sequence = 0;
  const send = (event: { type: string } & Record<string, unknown>) => {
    const data = JSON.stringify({ ...event, sequence_number: sequence++ });
    response.write(`event: ${event.type}\ndata: ${data}\n\n`);
  };
  const where = { item_id: item.id, output_index: 0, content_index: 0 };
  send({ type: 'response.created', response: responseBody([], 'in_progress') });
  send({ type: 'response.output_item.added', output_index: 0, item });
  if (item.type === 'message') {
    for (const [index, word] of words.entries()) {
      if (pace !== 'at once') await beforeWord(pace, index);
      const delta = pace === 'evenly' ? `at${Date.now()} ` : word;
      send({ type: 'response.output_text.delta', ...where, delta });
    }
    send({ type: 'response.output_text.done', ...where, text: words.join('') });
  }
  send({ type: 'response.output_item.done', output_index: 0, item });
  send({ type: 'response.completed', response: responseBody([item], 'completed') });
  response.end();
}
