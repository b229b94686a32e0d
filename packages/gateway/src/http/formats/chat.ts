import { GatewayError } from '../../errors.ts';
import type { RunEvent, Usage } from '../../protocol/run.ts';
import type { Presentation } from '../../runs/begin-run.ts';
import type { HeldAnswer } from './answer-room.ts';
import { approvalUnsupported, guardrailBlocked, runFailure, safeAnswer } from './run-failure.ts';

/** What is the same in all of an answer. `model` is the id as the caller wrote it. */
export type ChatHead = {
  readonly id: string;
  readonly model: string;
  readonly createdSeconds: number;
};

/** `object: "chat.completion"`, as OpenAI's schema has it. */
export type ChatCompletion = {
  readonly id: string;
  readonly object: 'chat.completion';
  readonly created: number;
  readonly model: string;
  readonly choices: readonly [
    {
      readonly index: 0;
      readonly message: {
        readonly role: 'assistant';
        readonly content: string;
        readonly refusal: null;
      };
      readonly logprobs: null;
      readonly finish_reason: Finished['reason'];
    },
  ];
  readonly usage: ReturnType<typeof chatUsage>;
};

type Finished = Extract<RunEvent, { type: 'finished' }>;

export type OnSaid = (text: string, event: Finished) => void;

/** The head of the answer to a run. The run's id is in it, so that log and answer can be matched. */
export function chatHead(runId: string, model: string): ChatHead {
  return {
    id: `chatcmpl-${runId.replace(/^run_/, '')}`,
    model,
    createdSeconds: Math.floor(Date.now() / 1000),
  };
}

/** What a whole answer is shown by, and where it is held until it is whole. */
type Whole = {
  readonly head: ChatHead;
  readonly presentation: Presentation;
  readonly room: HeldAnswer;
  /** Told of the text that the caller sees, with the end of its run. */
  readonly onSaid: OnSaid;
};

/**
 * A run as one answer.
 *
 * @throws GatewayError with the run's failure, or where there is no room for the answer.
 */
export async function chatCompletion(
  events: AsyncIterable<RunEvent>,
  { head, presentation, room, onSaid }: Whole,
): Promise<ChatCompletion> {
  let text = '';
  let ranTool = false;
  for await (const event of events) {
    switch (event.type) {
      case 'text':
        room.add(event.delta.length);
        text += event.delta;
        break;
      case 'tool_started':
        ranTool = true;
        break;
      case 'reasoning':
      case 'tool_ended':
      case 'handed_off':
        break;
      case 'finished': {
        const said = wholeText(event, text, presentation);
        onSaid(said, event);
        return completion(head, said, event);
      }
      case 'failed':
        throw runFailure(event, { ranTool });
      case 'interrupted':
        throw approvalUnsupported();
      default:
        event satisfies never;
    }
  }
  throw new GatewayError('run_failed', 'The run ended without an answer.');
}

/** Tokens of the whole run, in OpenAI's names. */
export function chatUsage(usage: Usage) {
  return {
    prompt_tokens: usage.inputTokens,
    completion_tokens: usage.outputTokens,
    total_tokens: usage.inputTokens + usage.outputTokens,
    prompt_tokens_details: { cached_tokens: usage.cachedInputTokens },
    completion_tokens_details: { reasoning_tokens: usage.reasoningTokens },
  };
}

/** What a guardrail stopped is not shown, as nothing of it has been sent yet. */
function wholeText(
  { reason, blockedBy }: Finished,
  text: string,
  presentation: Presentation,
): string {
  if (reason !== 'content_filter') return text;
  if (presentation.guardrailResponse === 'error') throw guardrailBlocked();
  return text === '' || blockedBy !== undefined ? safeAnswer : text;
}

function completion(
  { id, model, createdSeconds }: ChatHead,
  content: string,
  { reason, usage }: Finished,
): ChatCompletion {
  return {
    id,
    object: 'chat.completion',
    created: createdSeconds,
    model,
    choices: [
      {
        index: 0,
        message: { role: 'assistant', content, refusal: null },
        logprobs: null,
        finish_reason: reason,
      },
    ],
    usage: chatUsage(usage),
  };
}
