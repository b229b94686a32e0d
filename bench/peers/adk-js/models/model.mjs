import { BaseLlm } from '@google/adk';
import { chatRequest, llmResponse, llmResponses } from './messages.mjs';

const url = `${process.env.OPENAI_BASE_URL}/chat/completions`;
const headers = {
  'content-type': 'application/json',
  authorization: `Bearer ${process.env.OPENAI_API_KEY}`,
};

/** ADK has no connector for OpenAI's API: one over `fetch`. */
class FetchModel extends BaseLlm {
  async *generateContentAsync(llmRequest, stream = false, signal = undefined) {
    const body = JSON.stringify(chatRequest(llmRequest, stream));
    const response = await fetch(url, { method: 'POST', headers, body, signal });
    if (!response.ok) throw new Error(`The upstream answered ${response.status}.`);
    if (stream) yield* llmResponses(events(response.body));
    else yield llmResponse(await response.json());
  }

  connect() {
    throw new Error('Live connections are not needed here.');
  }
}

async function* events(body) {
  let rest = '';
  for await (const text of body.pipeThrough(new TextDecoderStream())) {
    const lines = (rest + text).split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) {
      if (line.startsWith('data: {')) yield JSON.parse(line.slice(6));
    }
  }
}

/** The same with the client of OpenAI. */
class ClientModel extends BaseLlm {
  #client;

  constructor(OpenAI) {
    super({ model: 'bench-model' });
    this.#client = new OpenAI();
  }

  async *generateContentAsync(llmRequest, stream = false, signal = undefined) {
    const answer = await this.#client.chat.completions.create(chatRequest(llmRequest, stream), {
      signal,
    });
    if (stream) yield* llmResponses(answer);
    else yield llmResponse(answer);
  }

  connect() {
    throw new Error('Live connections are not needed here.');
  }
}

async function make() {
  if (process.env.CONNECTOR !== 'openai') return new FetchModel({ model: 'bench-model' });
  const { OpenAI } = await import('openai');
  return new ClientModel(OpenAI);
}

export const model = await make();
