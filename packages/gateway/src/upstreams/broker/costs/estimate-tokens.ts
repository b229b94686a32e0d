import type { Exchange } from '../../relay/forward.ts';
import { parseObject } from '../../relay/request-body.ts';
import { attachmentsOf } from '../attachments.ts';

/** What a model may answer where the request sets no limit: also written into such a request. */
export const defaultOutputTokens = 4096;
/** The fields that set a limit, of both APIs and of servers that know several. */
const CAPS = ['max_output_tokens', 'max_completion_tokens', 'max_tokens'] as const;
const BYTES_PER_TOKEN = 4;

type Fields = Readonly<Record<string, unknown>> | null;

/** What a request may cost: what it sends, and for a model call what it lets the model answer. `fields` are its body's. */
export function estimateTokens(
  { body, api }: Pick<Exchange, 'body' | 'api'>,
  fields: Fields = fieldsOf(body),
): number {
  if (!Buffer.isBuffer(body)) return 1;
  const output = api === null ? 0 : (outputCap(fields) ?? defaultOutputTokens) * answersOf(fields);
  return inputOf(body, fields) + output;
}

/** What the body of a request costs, before a model answers anything. */
export function estimateInput(body: Exchange['body'], fields: Fields = fieldsOf(body)): number {
  return Buffer.isBuffer(body) ? inputOf(body, fields) : 0;
}

/** The fields of a body that was read whole; null for any other, and for one that is no JSON object. */
export function fieldsOf(body: Exchange['body']): Fields {
  return Buffer.isBuffer(body) ? parseObject(body) : null;
}

/** The largest limit that a model call sets: nobody knows which of several its server heeds. Null for none. */
export function outputCap(fields: Fields): number | null {
  const given = CAPS.map((name) => fields?.[name]).filter(isCap);
  return given.length > 0 ? Math.ceil(Math.max(...given)) : null;
}

/** How many answers a chat call asks for, each of which may be as long as its limit. */
function answersOf(fields: Fields): number {
  return isCap(fields?.n) ? Math.ceil(Math.max(1, fields.n)) : 1;
}

function isCap(value: unknown): value is number {
  return typeof value === 'number' && Number.isFinite(value) && value > 0;
}

function inputOf(body: Buffer, fields: Fields): number {
  const attachments = attachmentsOf(fields);
  return Math.ceil((body.length - attachments.length) / BYTES_PER_TOKEN) + attachments.tokens;
}
