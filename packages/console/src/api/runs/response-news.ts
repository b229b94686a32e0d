import type { RunNews, TokenUsage } from './run-news.ts';
import { type ToolExtension, toolNews } from './tool-news.ts';

type Item =
  | {
      readonly type: 'message';
      readonly id: string;
      readonly content: readonly { readonly text: string }[];
    }
  | { readonly type: 'reasoning'; readonly id: string }
  | {
      readonly type: 'mcp_call';
      readonly id: string;
      readonly name: string;
      readonly server_label: string;
      readonly status: string;
      readonly error: string | null;
    }
  | {
      readonly type: 'mcp_approval_request';
      readonly id: string;
      readonly name: string;
      readonly arguments: string;
    }
  | { readonly type: 'function_call'; readonly id: string };

/** A response, as far as the page reads it. */
export type ResponseObject = {
  readonly id: string;
  readonly status: string;
  readonly error: { readonly message: string; readonly code: string | null } | null;
  readonly incomplete_details: { readonly reason: string } | null;
  readonly output: readonly Item[];
  readonly usage: {
    readonly input_tokens: number;
    readonly output_tokens: number;
    readonly input_tokens_details: { readonly cached_tokens: number };
    readonly output_tokens_details: { readonly reasoning_tokens: number };
  } | null;
};

type StreamEvent =
  | { readonly type: 'response.created'; readonly response: ResponseObject }
  | { readonly type: 'response.output_text.delta'; readonly delta: string }
  | { readonly type: 'response.reasoning_summary_text.delta'; readonly delta: string }
  | {
      readonly type: 'response.output_item.added' | 'response.output_item.done';
      readonly item: Item;
      readonly x_agent?: ToolExtension;
    }
  | { readonly type: 'response.completed'; readonly response: ResponseObject }
  | { readonly type: 'response.incomplete'; readonly response: ResponseObject }
  | { readonly type: 'response.failed'; readonly response: ResponseObject }
  | {
      readonly type: 'error';
      readonly error: {
        readonly message: string;
        readonly code: string | null;
        readonly dropgate?: unknown;
      };
    };

/** Reads a stream of the Responses API, event by event. */
export function createResponseReader(): (data: string) => readonly RunNews[] {
  let runId = '';
  return (data) => {
    if (data === '[DONE]') return [];
    const event = JSON.parse(data) as StreamEvent;
    switch (event.type) {
      case 'response.created':
        runId = event.response.id.replace('resp_', 'run_');
        return [{ type: 'begun', runId }];
      case 'response.output_text.delta':
        return [{ type: 'text', delta: event.delta }];
      case 'response.reasoning_summary_text.delta':
        return [{ type: 'thought', delta: event.delta }];
      case 'response.output_item.added':
        if (event.x_agent) return [toolNews(event.x_agent)];
        return startOf(event.item);
      case 'response.output_item.done':
        return event.x_agent ? [toolNews(event.x_agent)] : endOf(event.item, runId);
      case 'response.completed':
      case 'response.incomplete':
        return wholeNews(event.response);
      case 'error': {
        const { message, code, dropgate: detail } = event.error;
        return [{ type: 'failed', failure: { message, code, detail } }];
      }
      // What is not read here is told by another event too.
      default:
        return [];
    }
  };
}

/** What is told of a response that was not streamed. */
export function newsOfResponse(response: ResponseObject): readonly RunNews[] {
  const runId = response.id.replace('resp_', 'run_');
  const texts = response.output.flatMap((item) =>
    item.type === 'message' ? item.content.map(({ text }) => text) : [],
  );
  const said: RunNews[] = response.output.flatMap((item) => [
    ...startOf(item),
    ...endOf(item, runId),
  ]);
  return [
    { type: 'begun', runId },
    ...said,
    { type: 'text', delta: texts.join('') },
    ...wholeNews(response),
  ];
}

function startOf(item: Item): readonly RunNews[] {
  if (item.type !== 'mcp_call') return [];
  const { id: callId, name, server_label: agent } = item;
  return [{ type: 'tool_started', callId, name, agent, provenance: null }];
}

function endOf(item: Item, runId: string): readonly RunNews[] {
  if (item.type === 'mcp_call') {
    const outcome = item.error === null ? 'ok' : 'failed';
    return [{ type: 'tool_ended', callId: item.id, outcome, durationMs: null }];
  }
  if (item.type !== 'mcp_approval_request') return [];
  const { name: tool, arguments: written } = item;
  const id = item.id.replace('mcpr_', 'apr_');
  // Those that somebody else has to answer are told in a text.
  const asked = { id, runId, tool, arguments: written, expiresAt: null, mayAnswer: true };
  return [{ type: 'asked', approvals: [asked] }];
}

function wholeNews(response: ResponseObject): readonly RunNews[] {
  const { status, error, output, usage, incomplete_details: incomplete } = response;
  const used: readonly RunNews[] = usage ? [{ type: 'usage', usage: usageOf(usage) }] : [];
  if (status === 'failed' || status === 'cancelled') {
    const { message = '', code = null } = error ?? {};
    return [...used, { type: 'failed', failure: { message, code, detail: undefined } }];
  }
  if (status === 'incomplete') {
    const reason = incomplete?.reason === 'content_filter' ? 'content_filter' : 'length';
    return [...used, { type: 'ended', reason }];
  }
  const waits = output.some(({ type }) => type === 'mcp_approval_request');
  return [...used, { type: 'ended', reason: waits ? 'approval' : 'stop' }];
}

function usageOf(usage: NonNullable<ResponseObject['usage']>): TokenUsage {
  return {
    input: usage.input_tokens,
    output: usage.output_tokens,
    cached: usage.input_tokens_details.cached_tokens,
    reasoning: usage.output_tokens_details.reasoning_tokens,
  };
}
