/** The child of `two-process-server.ts`: runs its agents with the SDK, as `bare-server.ts` does, and says what comes of it. */
import { Socket } from 'node:net';
import { Runner, setTraceProcessors } from '@openai/agents';
import { agent as bench } from '../agents/Bench/agent.ts';
import { agent as words } from '../peers/agents/Words/agent.ts';
import { createFrontFetch } from './front-fetch.ts';
import { speakLines } from './lines.ts';
import type { Asked, FromAgent, ToAgent } from './messages.ts';

const front = createFrontFetch((id, body) => send({ type: 'model_call', id, body }));
const send = speakLines<ToAgent, FromAgent>(new Socket({ fd: 3 }), (message) => {
  if (message.type === 'model_part') front.take(message);
  else void run(message.id, message.asked);
});

setTraceProcessors([]);
// The client of OpenAI takes it when the SDK makes one, at the first run.
if (process.env.MODEL_CALLS === 'front') globalThis.fetch = front.fetch;
const agentOf = (model: string) => (model === 'words' ? words : bench);
const runner = new Runner({ tracingDisabled: true });

async function run(id: number, asked: Asked): Promise<void> {
  try {
    await (asked.stream ? streamed(id, asked) : whole(id, asked));
  } catch (error) {
    send({ type: 'failed', id, message: String(error) });
  }
}

async function whole(id: number, { model, messages }: Asked): Promise<void> {
  const result = await runner.run(agentOf(model), messages);
  const { inputTokens, outputTokens, totalTokens } = result.runContext.usage;
  const tokens = [inputTokens, outputTokens, totalTokens];
  send({ type: 'done', id, text: result.finalOutput ?? '', tokens });
}

/** What comes in one turn of the event loop is told together. */
async function streamed(id: number, { model, messages }: Asked): Promise<void> {
  let delta = '';
  const tell = () => {
    if (delta !== '') send({ type: 'text', id, delta });
    delta = '';
  };
  const result = await runner.run(agentOf(model), messages, { stream: true });
  for await (const event of result) {
    if (event.type !== 'raw_model_stream_event' || event.data.type !== 'output_text_delta')
      continue;
    if (delta === '') setImmediate(tell);
    delta += event.data.delta;
  }
  await result.completed;
  tell();
  send({ type: 'done', id, text: '', tokens: [] });
}
