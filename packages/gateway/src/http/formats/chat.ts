import { GatewayError } from '../../errors.ts';
import type { RunEvent, Usage } from '../../protocol/run.ts';
import type { Presentation } from '../../runs/run.ts';
import type { HeldAnswer } from './answer-room.ts';
import { askedCalls, askedExtension, type Interrupted } from './approvals/asked-calls.ts';
import { waitingText } from './approvals/waiting-text.ts';
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
        /** Null beside calls of the caller's own tools. */
        readonly content: string | null;
        readonly refusal: null;
        readonly tool_calls?: readonly ChatToolCall[];
      };
      readonly logprobs: null;
      readonly finish_reason: Finished['reason'] | 'tool_calls';
    },
  ];
  readonly usage: ReturnType<typeof chatUsage>;
  readonly x_agent?: ReturnType<typeof askedExtension>;
};

/** A call of one of the caller's own tools. */
export type ChatToolCall = {
  readonly id: string;
  readonly type: 'function';
  readonly function: { readonly name: string; readonly arguments: string };
};

type Finished = Extract<RunEvent, { type: 'finished' }>;

/** `asked` follows the text where the run waits for a person. */
export type OnSaid = (text: string, event: Finished | Interrupted, asked?: string) => void;

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
  /** The run that waits, where one does. */
  readonly waitingRunId: string;
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
  whole: Whole,
): Promise<ChatCompletion> {
  const { head, presentation, room, onSaid } = whole;
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
        return waiting(event, text, whole);
      default:
        event satisfies never;
    }
  }
  throw new GatewayError('run_failed', 'The run ended without an answer.');
}

function waiting(
  event: Interrupted,
  text: string,
  { head, presentation, waitingRunId, onSaid }: Whole,
): ChatCompletion {
  const asked = askedCalls(event);
  if (!asked) throw approvalUnsupported();
  const asking = waitingText({ asked, isFirst: text === '', waitingRunId });
  onSaid(text, event, asking);
  const said = `${text}${asking}`;
  const calls = chatToolCalls(event);
  const hasExtension = presentation.toolEvents === 'extension' && asked.length > 0;
  const { choices, ...rest } = completion(head, said, { reason: 'stop', usage: event.usage });
  const [choice] = choices;
  const message = { ...choice.message, content: said === '' ? null : said, tool_calls: calls };
  const finish_reason = 'tool_calls' as const;
  return {
    ...rest,
    choices: calls.length === 0 ? choices : [{ ...choice, message, finish_reason }],
    ...(hasExtension ? { x_agent: askedExtension(asked, waitingRunId) } : {}),
  };
}

/** The calls of the caller's own tools that a run waits for. */
export function chatToolCalls({ clientCalls = [] }: Interrupted): ChatToolCall[] {
  return clientCalls.map(({ callId: id, tool: name, arguments: written }) => ({
    id,
    type: 'function',
    function: { name, arguments: written },
  }));
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
  { reason, usage }: Pick<Finished, 'reason' | 'usage'>,
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
