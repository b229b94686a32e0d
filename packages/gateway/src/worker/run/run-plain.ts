import type { LoadedModule } from '../loaded-module.ts';
import { contextOf } from '../module-context.ts';
import { fieldsOf, isAsyncIterable } from '../sdk.ts';
import { type ChatMessage, chatMessages } from './input-items.ts';
import { outputText } from './result-text.ts';
import type { Outcome, RunDeps } from './run-scope.ts';

type Run = (input: {
  readonly messages: readonly ChatMessage[];
  readonly signal: AbortSignal;
  readonly context: unknown;
}) => unknown;

/** Runs an object or function that is no agent of the SDK; what it returns or yields is the answer. */
export async function runPlain(module: LoadedModule, { request }: RunDeps): Promise<Outcome> {
  const { value } = module;
  const method = fieldsOf(value).run;
  const run = (typeof method === 'function' ? method : value) as Run;
  const messages = chatMessages(request.input.items);
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
