import type { ApiClient } from '../../../api/client.ts';
import { createChatReader } from '../../../api/runs/chat-news.ts';
import {
  createResponseReader,
  newsOfResponse,
  type ResponseObject,
} from '../../../api/runs/response-news.ts';
import type { RunNews } from '../../../api/runs/run-news.ts';
import { readServerEvents } from '../../../api/runs/server-events.ts';
import type { chatBody } from './chat-body.ts';

const richest = { 'x-agent-tool-events': 'extension' };

type Hearing = {
  readonly signal: AbortSignal;
  readonly onNews: (news: readonly RunNews[]) => void;
  /** Names of what was sent and has no effect. */
  readonly onIgnored?: (names: readonly string[]) => void;
};

/** Asks an agent, and tells what comes until its end. @throws ApiError, TypeError where the connection breaks. */
export async function askAgent(
  api: ApiClient,
  body: ReturnType<typeof chatBody>,
  hearing: Hearing,
): Promise<void> {
  const response = await api.open('POST /v1/chat/completions', {
    body: { ...body, stream: true, stream_options: { include_usage: true } },
    headers: richest,
    signal: hearing.signal,
  });
  await hear(response, createChatReader(), hearing);
}

/** What a person says of a call. */
export type Decision = {
  readonly approve: boolean;
  readonly reason?: string;
  readonly always?: boolean;
};

/** Answers a call that waits, and tells what comes of its run. @throws as `askAgent`. */
export async function answerApproval(
  api: ApiClient,
  asked: { readonly agentId: string; readonly approvalId: string; readonly decision: Decision },
  hearing: Hearing,
): Promise<void> {
  const { agentId, approvalId, decision } = asked;
  const id = approvalId.replace('apr_', 'mcpr_');
  const item = { type: 'mcp_approval_response' as const, approval_request_id: id, ...decision };
  const response = await api.open('POST /v1/responses', {
    body: { model: agentId, input: [item], stream: true, store: false },
    headers: richest,
    signal: hearing.signal,
  });
  await hear(response, createResponseReader(), hearing);
}

const askAgainMs = 1000;

/** Waits for a run that goes on without this page, and tells what came of it. @throws ApiError */
export async function followRun(
  api: ApiClient,
  runId: string,
  { signal, onNews }: Hearing,
): Promise<void> {
  const id = runId.replace('run_', 'resp_');
  while (!signal.aborted) {
    const call = api.call('GET /v1/responses/{id}', { params: { id }, signal });
    const response = (await call) as unknown as ResponseObject;
    if (response.status !== 'queued' && response.status !== 'in_progress') {
      onNews(newsOfResponse(response));
      return;
    }
    await new Promise((resolve) => setTimeout(resolve, askAgainMs));
  }
}

async function hear(
  response: Response,
  read: (data: string) => readonly RunNews[],
  { onNews, onIgnored }: Hearing,
): Promise<void> {
  const ignored = response.headers.get('x-agent-ignored');
  if (ignored) onIgnored?.(ignored.split(', '));
  if (!response.body) return;
  for await (const events of readServerEvents(response.body)) onNews(events.flatMap(read));
}
