import { failures } from '../../errors.ts';
import type { UpstreamApi } from '../../protocol/records.ts';
import { planReply } from './plan-reply.ts';
import { readRequest, type Unreadable } from './read-request.ts';
import { chatCompletion, chatEvents } from './render-chat.ts';
import { responseEvents, responseObject } from './render-responses.ts';

/** One JSON body, or server-sent events ready to be written. */
export type DemoAnswer =
  | { readonly type: 'json'; readonly status: number; readonly body: object }
  | { readonly type: 'stream'; readonly status: 200; readonly events: AsyncIterable<string> };

/**
 * The embedded demo model: rules, no LLM. It calls a fitting tool with arguments found in the
 * message, puts the result into its answer, hands off, fills output schemas, and says what it is.
 * The same request always gets the same answer.
 */
export const demoModel = {
  /** Answers a request body of either API; a bad one with an error status, never by throwing. */
  handle(api: UpstreamApi, body: Buffer): DemoAnswer {
    const read = readRequest(api, body);
    if (read.type === 'unreadable') return refusal(read);
    const { request } = read;
    const reply = planReply(request);
    const isChat = api === 'chat_completions';
    if (request.streamed) {
      const events = isChat ? chatEvents(request, reply) : responseEvents(request, reply);
      return { type: 'stream', status: 200, events };
    }
    const whole = isChat ? chatCompletion(request, reply) : responseObject(request, reply);
    return { type: 'json', status: 200, body: whole };
  },
};

function refusal({ code, message, param }: Unreadable): DemoAnswer {
  const { status, type, wireCode } = failures[code];
  return { type: 'json', status, body: { error: { message, type, param, code: wireCode } } };
}
