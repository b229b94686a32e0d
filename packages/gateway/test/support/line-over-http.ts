import { type ClientRequest, request } from 'node:http';
import { runHeader } from '../../src/protocol/worker/broker-headers.ts';
import type { FromWorker, ModelData, ModelMessage } from '../../src/protocol/worker/messages.ts';
import { createModelLine, type ModelLine } from '../../src/worker/models/model-line.ts';

/** A worker's way to models whose gateway is a server of the test: each call over the channel is a request to it. */
export function lineOverHttp(baseUrl: string): ModelLine {
  const line = createModelLine(callsOverHttp(baseUrl, (data, bytes) => line.take(data, bytes)));
  return line;
}

/** Makes requests to a server of the calls that a worker makes over its channel, and `answer`s with what it says. */
export function callsOverHttp(
  baseUrl: string,
  answer: (data: ModelData, bytes: Buffer | null) => void,
): (message: ModelMessage, bytes?: Uint8Array | null) => void {
  const { origin } = new URL(baseUrl);
  const requests = new Map<string, ClientRequest>();
  return (message, bytes) => {
    const { callId } = message;
    if (message.type === 'model_abort') requests.get(callId)?.destroy();
    if (message.type !== 'model_call') return;
    const { method, path, headers, runId } = message;
    const part = (of: Partial<ModelData>, body: Buffer | null = null) =>
      answer({ type: 'model_data', callId, ...of }, body);
    const sent = request(origin + path, {
      method,
      headers: { ...headers, ...(runId === null ? {} : { [runHeader]: runId }) },
    });
    requests.set(callId, sent);
    sent.on('error', () => part({ cut: true }));
    sent.on('response', (response) => {
      part({ status: response.statusCode!, headers: response.headers as Record<string, string> });
      response.on('data', (chunk: Buffer) => part({}, chunk));
      response.on('end', () => part({ end: true }));
      response.on('error', () => part({ cut: true }));
    });
    sent.end(bytes);
  };
}

/** Whether a worker says it of a model call. */
export function isOfModelCall(message: FromWorker): message is ModelMessage {
  return ['model_call', 'model_ack', 'model_abort'].includes(message.type);
}
