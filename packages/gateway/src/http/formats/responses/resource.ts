import type { ResponsesRequest } from '../../../protocol/formats/openai-responses.ts';
import type { Usage } from '../../../protocol/run.ts';

/** Text that an agent says. */
export type OutputText = {
  readonly type: 'output_text';
  readonly text: string;
  readonly annotations: readonly [];
  readonly logprobs: readonly [];
};

export type MessageItem = {
  readonly id: string;
  readonly type: 'message';
  readonly status: ItemStatus;
  readonly role: 'assistant';
  readonly content: readonly OutputText[];
};

/** What a model lets see of its thinking, and a line for each thing that the agent does. */
export type ReasoningItem = {
  readonly id: string;
  readonly type: 'reasoning';
  readonly status: ItemStatus;
  readonly summary: readonly { readonly type: 'summary_text'; readonly text: string }[];
};

/** A tool that the agent called itself. What it was called with and gave is never told: it may be secret. */
export type ToolItem = {
  readonly id: string;
  readonly type: 'mcp_call';
  readonly status: ItemStatus | 'failed';
  readonly server_label: string;
  readonly name: string;
  readonly arguments: '{}';
  readonly output: null;
  readonly error: string | null;
  readonly approval_request_id: null;
};

/** A call that a person is asked about. */
export type ApprovalRequestItem = {
  readonly id: string;
  readonly type: 'mcp_approval_request';
  readonly server_label: string;
  readonly name: string;
  readonly arguments: string;
};

/** A call of one of the caller's own tools, which it is to make. */
export type FunctionCallItem = {
  readonly id: string;
  readonly type: 'function_call';
  readonly status: ItemStatus;
  readonly call_id: string;
  readonly name: string;
  readonly arguments: string;
};

type ItemStatus = 'in_progress' | 'completed' | 'incomplete';

export type OutputItem =
  | MessageItem
  | ReasoningItem
  | ToolItem
  | ApprovalRequestItem
  | FunctionCallItem;

/** What of a response changes while it is made. */
export type ResponseState = {
  readonly status: 'queued' | 'in_progress' | 'completed' | 'incomplete' | 'failed' | 'cancelled';
  readonly output: readonly OutputItem[];
  readonly error?: { readonly code: string; readonly message: string };
  readonly incompleteReason?: 'max_output_tokens' | 'content_filter';
  readonly usage?: Usage;
};

/** A response, as OpenAI's schema and that of Open Responses have it. */
export type ResponseResource = ReturnType<ResourceOf>;

/** Makes the resource of a response as it is at some moment. */
export type ResourceOf = ReturnType<typeof createResource>;

export type ResponseHead = {
  readonly id: string;
  readonly createdSeconds: number;
  readonly isKept: boolean;
  readonly request: ResponsesRequest;
};

/** The response to a request. Of what has no effect on an agent it tells the default. */
export function createResource({ id, createdSeconds, isKept, request }: ResponseHead) {
  const { reasoning, text } = request;
  const conversation = conversationOf(request);
  const asked = {
    model: request.model,
    previous_response_id: request.previous_response_id ?? null,
    instructions: request.instructions ?? null,
    // Those of the agent are its own, and what a caller sends takes no part.
    tools: [],
    tool_choice: 'auto' as const,
    truncation: request.truncation ?? ('disabled' as const),
    parallel_tool_calls: request.parallel_tool_calls ?? true,
    text: {
      format: text?.format ?? { type: 'text' as const },
      ...(text?.verbosity ? { verbosity: text.verbosity } : {}),
    },
    top_p: request.top_p ?? 1,
    presence_penalty: 0,
    frequency_penalty: 0,
    top_logprobs: 0,
    temperature: request.temperature ?? 1,
    reasoning: { effort: reasoning?.effort ?? null, summary: null },
    max_output_tokens: request.max_output_tokens ?? null,
    max_tool_calls: request.max_tool_calls ?? null,
    store: isKept,
    background: request.background ?? false,
    service_tier: request.service_tier ?? 'default',
    metadata: request.metadata ?? {},
    safety_identifier: request.safety_identifier ?? null,
    prompt_cache_key: request.prompt_cache_key ?? null,
  };
  return (state: ResponseState) => ({
    id,
    object: 'response' as const,
    created_at: createdSeconds,
    completed_at: state.status === 'completed' ? Math.floor(Date.now() / 1000) : null,
    status: state.status,
    error: state.error ?? null,
    incomplete_details: state.incompleteReason ? { reason: state.incompleteReason } : null,
    ...asked,
    ...(conversation === null ? {} : { conversation: { id: conversation } }),
    output: state.output,
    usage: state.usage ? responseUsage(state.usage) : null,
  });
}

/** The conversation that a request names; null for none. */
export function conversationOf({ conversation }: ResponsesRequest): string | null {
  return typeof conversation === 'object' && conversation
    ? conversation.id
    : (conversation ?? null);
}

/** Tokens of the whole run, in the names of the Responses API. */
function responseUsage(usage: Usage) {
  return {
    input_tokens: usage.inputTokens,
    input_tokens_details: { cached_tokens: usage.cachedInputTokens, cache_write_tokens: 0 },
    output_tokens: usage.outputTokens,
    output_tokens_details: { reasoning_tokens: usage.reasoningTokens },
    total_tokens: usage.inputTokens + usage.outputTokens,
  };
}
