/**
 * What a team writes without a gateway: a minimal `node:http` server that runs its two agents in its own process. No
 * authentication, no limits, no isolation. Prints its port.
 */
import type { ServerResponse } from 'node:http';
import { createServer } from 'node:http';
import { Runner, setTraceProcessors } from '@openai/agents';
import { agent as bench } from './agents/Bench/agent.ts';
import { agent as words } from './peers/agents/Words/agent.ts';

setTraceProcessors([]);
const agentOf = (model: string) => (model === 'words' ? words : bench);
const runner = new Runner({ tracingDisabled: true });

type Body = { model: string; stream?: boolean; messages: { role: 'user'; content: string }[] };

const server = createServer((request, response) => {
  let text = '';
  request.setEncoding('utf8');
  request.on('data', (chunk: string) => {
    text += chunk;
  });
  request.on('end', () => {
    const body = JSON.parse(text) as Body;
    (body.stream ? streamed(body, response) : whole(body, response)).catch((error: unknown) => {
      response.destroy(error instanceof Error ? error : undefined);
    });
  });
});
server.keepAliveTimeout = 600_000;
server.listen(0, '127.0.0.1', () => {
  const address = server.address();
  process.stdout.write(`${typeof address === 'object' ? address?.port : ''}\n`);
});

const head = (model: string, object: string) => ({ id: 'chatcmpl-1', object, created: 1, model });

async function whole(body: Body, response: ServerResponse): Promise<void> {
  const result = await runner.run(agentOf(body.model), body.messages);
  const message = { role: 'assistant', content: result.finalOutput, refusal: null };
  const choices = [{ index: 0, message, logprobs: null, finish_reason: 'stop' }];
  const { inputTokens, outputTokens, totalTokens } = result.runContext.usage;
  const usage = {
    prompt_tokens: inputTokens,
    completion_tokens: outputTokens,
    total_tokens: totalTokens,
  };
  response.writeHead(200, { 'content-type': 'application/json' });
  response.end(JSON.stringify({ ...head(body.model, 'chat.completion'), choices, usage }));
}

async function streamed(body: Body, response: ServerResponse): Promise<void> {
  response.writeHead(200, { 'content-type': 'text/event-stream' });
  const send = (delta: object, finish_reason: string | null) => {
    const choices = [{ index: 0, delta, logprobs: null, finish_reason }];
    const chunk = { ...head(body.model, 'chat.completion.chunk'), choices };
    response.write(`data: ${JSON.stringify(chunk)}\n\n`);
  };
  send({ role: 'assistant', content: '' }, null);
  const result = await runner.run(agentOf(body.model), body.messages, { stream: true });
  for await (const event of result) {
    if (event.type === 'raw_model_stream_event' && event.data.type === 'output_text_delta') {
      send({ content: event.data.delta }, null);
    }
  }
  await result.completed;
  send({}, 'stop');
  response.end('data: [DONE]\n\n');
}
