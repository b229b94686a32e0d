import type { Exchange } from '../../relay/forward.ts';
import { estimateInput, fieldsOf } from './estimate-tokens.ts';

/** Paths beside model calls at which a model works. What only stores or checks something has no tokens. */
const WORKED_ON = /^\/(?:embeddings|images\/|audio\/|responses\/compact)/;
/** About what a large picture costs to make. */
const PICTURE_TOKENS = 4200;
const MOST_PICTURES = 10;
/** Sound, which takes fewest bytes a token: ten tokens a second, at 64 kbit. */
const UPLOAD_BYTES_PER_TOKEN = 800;
const LEAST_UPLOAD_TOKENS = 1000;
/** Also of an upload that does not say how long it is: about the longest that upstreams take. */
const MOST_UPLOAD_TOKENS = 32_000;

/** What a call that is no model call may cost: what it sends, and the pictures that it asks for. Null for nothing. */
export function estimateOther(
  { path, body, headers }: Pick<Exchange, 'path' | 'body' | 'headers'>,
  fields: ReturnType<typeof fieldsOf> = fieldsOf(body),
): number | null {
  if (!WORKED_ON.test(path)) return null;
  const input = Buffer.isBuffer(body) ? estimateInput(body, fields) : uploadTokens(headers);
  return input + (path.startsWith('/images/') ? picturesOf(fields) * PICTURE_TOKENS : 0);
}

/** An upload passes by unread: how many pictures it asks for is not seen. */
function picturesOf(fields: ReturnType<typeof fieldsOf>): number {
  const { n } = fields ?? {};
  return typeof n === 'number' && n > 1 ? Math.min(Math.ceil(n), MOST_PICTURES) : 1;
}

function uploadTokens({ 'content-length': length }: Exchange['headers']): number {
  const tokens = Math.ceil(Number(length ?? Number.NaN) / UPLOAD_BYTES_PER_TOKEN);
  if (!Number.isFinite(tokens)) return MOST_UPLOAD_TOKENS;
  return Math.min(Math.max(tokens, LEAST_UPLOAD_TOKENS), MOST_UPLOAD_TOKENS);
}
