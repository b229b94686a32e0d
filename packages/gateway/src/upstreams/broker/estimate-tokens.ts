import type { Exchange } from '../relay/forward.ts';

/** What a model may answer where the request sets no limit. */
const DEFAULT_OUTPUT_TOKENS = 1024;
const BYTES_PER_TOKEN = 4;
/**
 * The fields that both APIs have for attachments, whose bytes say little about their tokens. Text stands in other
 * fields, where its quotes are escaped, so that none can look like one and be counted for less than it is.
 */
const FIELD = /"(url|image_url|data|file_data)"\s*:\s*"/g;
const ATTACHMENT_TOKENS = 1000;
/** A shorter `data` is a value like any other. */
const LEAST_ATTACHED = 64;
/** A file is read as text and as pictures of its pages; more than this no model takes in. */
const MAX_FILE_TOKENS = 100_000;
const BASE64_PER_BYTE = 4 / 3;

/** What a request may cost: what it sends, and for a model call what it lets the model answer. */
export function estimateTokens(exchange: Pick<Exchange, 'body' | 'api'>): number {
  const { body, api } = exchange;
  if (!Buffer.isBuffer(body)) return 1;
  return estimateInput(body) + (api === null ? 0 : outputLimit(body));
}

/** What the body of a request costs, before a model answers anything. */
export function estimateInput(body: unknown): number {
  if (!Buffer.isBuffer(body)) return 0;
  const text = body.toString('latin1');
  let textLength = text.length;
  let attached = 0;
  for (const { 0: field, 1: name = '', index } of text.matchAll(FIELD)) {
    const start = index + field.length;
    // By hand: an expression that runs over megabytes overflows the stack.
    const end = text.indexOf('"', start);
    const value = text.slice(start, end < 0 ? text.length : end);
    const tokens = attachmentTokens(name, value);
    if (tokens === null) continue;
    textLength -= value.length;
    attached += tokens;
  }
  return Math.ceil(textLength / BYTES_PER_TOKEN) + attached;
}

/** Null for what is no attachment: an address, or text. */
function attachmentTokens(name: string, value: string): number | null {
  if (name === 'file_data') return fileTokens(value);
  const isAttached =
    name === 'data'
      ? value.length >= LEAST_ATTACHED && !/[^A-Za-z0-9+/=]/.test(value)
      : value.startsWith('data:image/');
  return isAttached ? ATTACHMENT_TOKENS : null;
}

function fileTokens(base64: string): number {
  const tokens = Math.ceil(base64.length / BASE64_PER_BYTE / BYTES_PER_TOKEN);
  return Math.min(Math.max(tokens, ATTACHMENT_TOKENS), MAX_FILE_TOKENS);
}

function outputLimit(body: Buffer): number {
  const fields = parseFields(body);
  for (const name of ['max_output_tokens', 'max_completion_tokens', 'max_tokens']) {
    const limit = fields[name];
    if (typeof limit === 'number' && Number.isFinite(limit) && limit > 0) return Math.ceil(limit);
  }
  return DEFAULT_OUTPUT_TOKENS;
}

function parseFields(body: Buffer): Readonly<Record<string, unknown>> {
  try {
    const parsed: unknown = JSON.parse(body.toString());
    return typeof parsed === 'object' && parsed !== null ? (parsed as Record<string, unknown>) : {};
  } catch {
    return {};
  }
}
