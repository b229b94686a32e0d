import type { Exchange } from '../relay/forward.ts';
import { parseObject } from '../relay/request-body.ts';
import { attachmentsOf } from './attachments.ts';

/** What a model may answer where the request sets no limit: also written into such a request. */
export const defaultOutputTokens = 4096;
/** The fields that set a limit, of both APIs and of servers that know several. */
const CAPS = ['max_output_tokens', 'max_completion_tokens', 'max_tokens'] as const;
const BYTES_PER_TOKEN = 4;

/** What a request may cost: what it sends, and for a model call what it lets the model answer. */
export function estimateTokens(exchange: Pick<Exchange, 'body' | 'api'>): number {
  const { body, api } = exchange;
  if (!Buffer.isBuffer(body)) return 1;
  const fields = parseObject(body);
  const output = api === null ? 0 : (outputCap(fields) ?? defaultOutputTokens);
  return inputOf(body, fields) + output;
}

/** What the body of a request costs, before a model answers anything. */
export function estimateInput(body: unknown): number {
  return Buffer.isBuffer(body) ? inputOf(body, parseObject(body)) : 0;
}

/** The largest limit that a model call sets: nobody knows which of several its server heeds. Null for none. */
export function outputCap(fields: Readonly<Record<string, unknown>> | null): number | null {
  const given = CAPS.map((name) => fields?.[name]).filter(isCap);
  return given.length > 0 ? Math.ceil(Math.max(...given)) : null;
}

function isCap(value: unknown): value is number {
  return typeof value === 'number' && Number.isFinite(value) && value > 0;
}

function inputOf(body: Buffer, fields: Readonly<Record<string, unknown>> | null): number {
  const attachments = attachmentsOf(fields);
  return Math.ceil((body.length - attachments.length) / BYTES_PER_TOKEN) + attachments.tokens;
}
