import { chatAnswer as chatAnswerSchema } from '../../protocol/formats/openai-answers.ts';
import { type ChatRequest, chatRequestSchema } from '../../protocol/formats/openai-chat.ts';
import { unknownFields } from '../../protocol/formats/openai-fields.ts';
import { holdAnswer } from './answer-room.ts';
import { chatCompletion, chatHead } from './chat.ts';
import { toRunInput } from './chat-input.ts';
import { createChatStream, keepSaid } from './chat-stream.ts';
import { chatAnswer } from './kept-answer.ts';
import type { RunFormat } from './run-format.ts';

/** OpenAI's chat completions, also for clients whose base URL lacks `/v1`. */
export const chatFormat: RunFormat<ChatRequest> = {
  urls: ['/v1/chat/completions', '/chat/completions'],
  summary: 'Run an agent on a conversation.',
  body: chatRequestSchema,
  answer: chatAnswerSchema,
  toRunInput,
  namesUser: (body) => body,
  hasSessions: true,
  fields: {
    items: 'messages',
    outputFormat: 'response_format',
    tools: 'tools',
    maxOutputTokens: 'max_completion_tokens',
    temperature: 'temperature',
    topP: 'top_p',
    presencePenalty: 'presence_penalty',
    frequencyPenalty: 'frequency_penalty',
    seed: 'seed',
    stop: 'stop',
    parallelToolCalls: 'parallel_tool_calls',
    reasoningEffort: 'reasoning_effort',
    verbosity: 'verbosity',
    serviceTier: 'service_tier',
  },
  unknownFields: (body) => unknownFields(body, chatRequestSchema),
  whole: (events, { runId, waitingRunId, body, presentation, hold, onAnswer }) => {
    const head = chatHead(runId, body.model);
    return chatCompletion(events, {
      head,
      presentation,
      waitingRunId,
      room: holdAnswer(hold()),
      onSaid: (...said) => onAnswer(chatAnswer(runId, ...said)),
    });
  },
  stream: ({ runId, waitingRunId, body, presentation, role, takesItems, hold, onAnswer }) => {
    const stream = createChatStream(chatHead(runId, body.model), {
      presentation,
      includeUsage: body.stream_options?.include_usage === true,
      waitingRunId,
      role,
    });
    if (!takesItems) return stream;
    return keepSaid(stream, {
      room: holdAnswer(hold(), { unlimited: 'Ask for it without a session.' }),
      presentation,
      waitingRunId,
      onSaid: (...said) => onAnswer(chatAnswer(runId, ...said)),
    });
  },
};
