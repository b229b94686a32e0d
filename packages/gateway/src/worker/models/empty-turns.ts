import type { SdkCopy } from '../loaded-module.ts';
import { fieldsOf } from '../sdk.ts';

const ended = Symbol('dropgate.ended');

/**
 * Makes a turn in which a model says nothing the last one, as the SDK for Python does: this SDK asks again, word for
 * word, until the run has no turns left. Patches the models of one copy, once; a copy without them is left alone.
 */
export function endEmptyTurns(sdk: SdkCopy): void {
  for (const name of ['OpenAIResponsesModel', 'OpenAIChatCompletionsModel']) {
    const prototype = fieldsOf(fieldsOf(sdk[name]).prototype) as ModelPrototype;
    const { getResponse, getStreamedResponse } = prototype;
    if (typeof getResponse !== 'function' || ended in getResponse) continue;
    const whole: typeof getResponse = async function whole(this: unknown, request) {
      const response = await getResponse.call(this, request);
      complete(response, { sdk, request });
      return response;
    };
    prototype.getResponse = Object.assign(whole, { [ended]: true });
    if (typeof getStreamedResponse !== 'function') continue;
    prototype.getStreamedResponse = function streamed(this: unknown, request) {
      return completedStream(getStreamedResponse.call(this, request), { sdk, request });
    };
  }
}

type ModelPrototype = {
  getResponse?: (this: unknown, request: unknown) => Promise<unknown>;
  getStreamedResponse?: (this: unknown, request: unknown) => AsyncIterable<unknown>;
};

type Call = { readonly sdk: SdkCopy; readonly request: unknown };

/** No generator, and no function of its own that awaits: a stream has many events, and only the last is looked into. */
function completedStream(events: AsyncIterable<unknown>, call: Call): AsyncIterable<unknown> {
  const looked = (step: IteratorResult<unknown>): IteratorResult<unknown> => {
    const event = step.value as { type?: unknown; response?: unknown } | null | undefined;
    if (event?.type === 'response_done') complete(event.response, call);
    return step;
  };
  return {
    [Symbol.asyncIterator]() {
      const inner = events[Symbol.asyncIterator]();
      return {
        next: () => inner.next().then(looked),
        return: async (value?: unknown) =>
          (await inner.return?.(value)) ?? { done: true, value: undefined },
      };
    },
  };
}

/** Adds an empty message to a response that has nothing the SDK would go on with. */
function complete(response: unknown, { sdk, request }: Call): void {
  const { output } = fieldsOf(response);
  if (!Array.isArray(output)) return;
  if (output.some((item) => fieldsOf(item).type !== 'reasoning')) return;
  const { ModelBehaviorError } = sdk;
  if (fieldsOf(request).outputType !== 'text' && typeof ModelBehaviorError === 'function') {
    throw Reflect.construct(ModelBehaviorError, ['The model gave no output to parse.']);
  }
  const content = [{ type: 'output_text', text: '' }];
  output.push({ type: 'message', role: 'assistant', status: 'completed', content });
}
