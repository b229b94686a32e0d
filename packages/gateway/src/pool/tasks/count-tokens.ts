import { GatewayError } from '../../errors.ts';
import type { ModelAccess } from '../../protocol/pool.ts';
import type { InputItem, InputPart } from '../../protocol/run.ts';
import type { PlainModel } from '../../protocol/task-prompts.ts';
import { askWhole } from './ask-whole.ts';
import { failureOf } from './task-run.ts';

/** What is counted, and for whom. */
export type CountedInput = {
  readonly agentId: string;
  readonly modulePath: string;
  readonly generation: number;
  readonly keyId: string;
  readonly requestId: string;
  /** Under which the call is booked; no run. */
  readonly callId: string;
  readonly model: PlainModel;
  readonly items: readonly InputItem[];
};

/** Statuses of an upstream that has no such route. */
const unknownRoute = [404, 405, 501];

/** Makes what asks an upstream how many tokens an input is. Null where it cannot tell; throws GatewayError. */
export function createCountTokens(grantModelAccess: (agentId: string) => ModelAccess) {
  return async (counted: CountedInput, signal: AbortSignal): Promise<number | null> => {
    const { agentId, modulePath, generation, keyId, requestId, callId, model, items } = counted;
    const access = grantModelAccess(agentId);
    try {
      access.setUpstream(model.upstream);
      access.startRun(callId, keyId, { requestId, modulePath, generation });
      const body = { model: model.model, input: items.flatMap(toItem) };
      const path = '/v1/responses/input_tokens';
      const { answer } = askWhole(access, { runId: callId, path, body });
      const left = Promise.withResolvers<never>();
      signal.addEventListener('abort', () => left.reject(signal.reason), { once: true });
      const { status, code, text } = await Promise.race([answer, left.promise]);
      if (code === null && unknownRoute.includes(status)) return null;
      const tokens = status === 200 ? tokensIn(text ?? '') : null;
      if (tokens !== null) return tokens;
      const failure = failureOf({ status, code });
      throw new GatewayError(failure, 'The upstream of the agent could not count the tokens.');
    } finally {
      access.endRun(callId);
      access.revoke();
    }
  };
}

function tokensIn(answer: string): number | null {
  try {
    const { input_tokens: count } = JSON.parse(answer) as { input_tokens?: unknown };
    return Number.isSafeInteger(count) ? (count as number) : null;
  } catch {
    return null;
  }
}

/** An item as the Responses API has it; what people said of calls is for no model. */
function toItem(item: InputItem): object[] {
  switch (item.role) {
    case 'system':
    case 'assistant':
      return [{ role: item.role, content: item.text }];
    case 'user':
      return [{ role: 'user', content: item.parts.map(toPart) }];
    case 'tool_call': {
      const { callId, name, arguments: args } = item;
      return [{ type: 'function_call', call_id: callId, name, arguments: args }];
    }
    case 'tool_result':
      return [{ type: 'function_call_output', call_id: item.callId, output: item.text }];
    case 'approval_request':
    case 'approval':
      return [];
    default:
      return item satisfies never;
  }
}

function toPart(part: InputPart): object {
  switch (part.type) {
    case 'text':
      return { type: 'input_text', text: part.text };
    case 'image': {
      const { url: image_url, fileId: file_id, detail = 'auto' } = part;
      return { type: 'input_image', detail, image_url, file_id };
    }
    case 'audio':
      return { type: 'input_audio', input_audio: { data: part.data, format: part.format } };
    case 'file': {
      const { url: file_url, fileId: file_id, data: file_data, filename } = part;
      return { type: 'input_file', file_url, file_id, file_data, filename };
    }
    default:
      return part satisfies never;
  }
}
