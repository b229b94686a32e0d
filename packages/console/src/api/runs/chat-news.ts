import type { EndReason, RunNews, StreamFailure } from './run-news.ts';
import { type ToolExtension, toolNews } from './tool-news.ts';

type Chunk = {
  readonly id?: string;
  readonly choices?: readonly {
    readonly delta?: { readonly content?: string | null; readonly reasoning_content?: string };
    readonly finish_reason?: EndReason | null;
  }[];
  readonly usage?: {
    readonly prompt_tokens: number;
    readonly completion_tokens: number;
    readonly prompt_tokens_details: { readonly cached_tokens: number };
    readonly completion_tokens_details: { readonly reasoning_tokens: number };
  } | null;
  readonly x_agent?: Extension;
  readonly error?: {
    readonly message: string;
    readonly code: string | null;
    readonly dropgate?: unknown;
  };
};

type Extension =
  | ToolExtension
  | { readonly type: 'handed_off'; readonly agent: string; readonly from_agent: string }
  | {
      readonly type: 'approvals_asked';
      readonly approvals: readonly {
        readonly id: string;
        readonly run_id: string;
        readonly tool: string;
        readonly arguments: string;
        readonly expires_at: string;
        readonly may_answer: boolean;
      }[];
    };

/**
 * Reads a stream of chat completions, event by event. What a person is asked stands in a text too, right before the
 * extension that says it to programs: that text is taken back.
 */
export function createChatReader(): (data: string) => readonly RunNews[] {
  let hasBegun = false;
  let isAsking = false;
  let lastChars = 0;
  return (data) => {
    if (data === '[DONE]') return [];
    const chunk = JSON.parse(data) as Chunk;
    if (chunk.error) return [{ type: 'failed', failure: failureOf(chunk.error) }];
    const news: RunNews[] = [];
    if (!hasBegun && chunk.id) {
      hasBegun = true;
      news.push({ type: 'begun', runId: chunk.id.replace('chatcmpl-', 'run_') });
    }
    const [choice] = chunk.choices ?? [];
    const { content, reasoning_content: thought } = choice?.delta ?? {};
    if (chunk.x_agent?.type === 'approvals_asked') {
      isAsking = true;
      news.push({ type: 'unsaid', chars: lastChars });
    }
    lastChars = content?.length ?? 0;
    if (content) news.push({ type: 'text', delta: content });
    if (thought) news.push({ type: 'thought', delta: thought });
    if (chunk.x_agent) news.push(newsOf(chunk.x_agent));
    if (choice?.finish_reason) {
      news.push({ type: 'ended', reason: isAsking ? 'approval' : choice.finish_reason });
    }
    if (chunk.usage) news.push({ type: 'usage', usage: usageOf(chunk.usage) });
    return news;
  };
}

function newsOf(extension: Extension): RunNews {
  switch (extension.type) {
    case 'tool_started':
    case 'tool_ended':
      return toolNews(extension);
    case 'handed_off':
      return { type: 'handed_off', from: extension.from_agent, to: extension.agent };
    case 'approvals_asked': {
      const approvals = extension.approvals.map(
        ({ id, run_id, tool, arguments: written, expires_at, may_answer }) => ({
          id,
          runId: run_id,
          tool,
          arguments: written,
          expiresAt: expires_at,
          mayAnswer: may_answer,
        }),
      );
      return { type: 'asked', approvals };
    }
    default:
      return extension satisfies never;
  }
}

function usageOf(usage: NonNullable<Chunk['usage']>) {
  return {
    input: usage.prompt_tokens,
    output: usage.completion_tokens,
    cached: usage.prompt_tokens_details.cached_tokens,
    reasoning: usage.completion_tokens_details.reasoning_tokens,
  };
}

function failureOf(error: NonNullable<Chunk['error']>): StreamFailure {
  return { message: error.message, code: error.code, detail: error.dropgate };
}
