import type { InputItem, InputPart } from '../../protocol/run.ts';
import type { LoadedModule } from '../loaded-module.ts';
import { contextOf } from '../module-context.ts';
import { fieldsOf, isAsyncIterable } from '../sdk.ts';
import { outputText } from './result-text.ts';
import type { Outcome, RunDeps } from './run-scope.ts';

/** One message as a plain `run` object gets it: OpenAI's chat form, text as a string. */
export type PlainMessage = {
  readonly role: InputItem['role'];
  readonly content: string | readonly object[];
};

type Run = (input: {
  readonly messages: readonly PlainMessage[];
  readonly signal: AbortSignal;
  readonly context: unknown;
}) => unknown;

/** Runs an object or function that is no agent of the SDK; what it returns or yields is the answer. */
export async function runPlain(module: LoadedModule, { request }: RunDeps): Promise<Outcome> {
  const { value } = module;
  const method = fieldsOf(value).run;
  const run = (typeof method === 'function' ? method : value) as Run;
  const messages = request.input.items.map(plainMessage);
  const { signal } = request;
  const context = await contextOf(module, request);
  const answer = await run.call(value, { messages, signal, context });
  if (!isAsyncIterable(answer)) {
    await request.send({ type: 'text', delta: outputText(answer) ?? '' });
    return { reason: 'stop' };
  }
  for await (const delta of answer) {
    signal.throwIfAborted();
    await request.send({ type: 'text', delta: outputText(delta) ?? '' });
  }
  return { reason: 'stop' };
}

function plainMessage(item: InputItem): PlainMessage {
  if (item.role !== 'user') return { role: item.role, content: item.text };
  const [only] = item.parts;
  const isText = item.parts.length === 1 && only?.type === 'text';
  return { role: 'user', content: isText ? only.text : item.parts.map(chatPart) };
}

function chatPart(part: InputPart): object {
  switch (part.type) {
    case 'text':
      return part;
    case 'image': {
      const { url, detail } = part;
      return { type: 'image_url', image_url: { url, ...(detail ? { detail } : {}) } };
    }
    case 'audio':
      return { type: 'input_audio', input_audio: { data: part.data, format: part.format } };
    case 'file': {
      const { fileId, data, filename } = part;
      return { type: 'file', file: { file_id: fileId, file_data: data, filename } };
    }
    default:
      return part satisfies never;
  }
}
