import { GatewayError } from '../../errors.ts';
import { aliasOf } from './model-aliases.ts';

/**
 * The model a request's body asks for. Clients write it first, so most bodies are not parsed at
 * all; anything that is no JSON object with a model gives null.
 */
export function readModel(body: Buffer): string | null {
  const first = FIRST_KEY.exec(body.toString('latin1', 0, 300))?.[1];
  if (first !== undefined) return first;
  const model = parseObject(body)?.model;
  return typeof model === 'string' ? model : null;
}

/** The body with its model renamed as the aliases say; the very same bytes where none applies. Throws as `writtenBody`. */
export function applyAliases(
  body: Buffer,
  model: string | null,
  aliases: Readonly<Record<string, string>>,
): Buffer {
  if (model === null) return body;
  const sent = aliasOf(model, aliases);
  if (sent === model) return body;
  const parsed = parseObject(body);
  return parsed ? writtenBody({ ...parsed, model: sent }) : body;
}

/** Whether a model call's body asks for its answer as a stream of events; a body that streams in is not looked at. */
export function asksForStream(body: unknown): boolean {
  if (!Buffer.isBuffer(body)) return false;
  // The words alone decide most calls; they may also stand deeper inside, and their names may be written with escapes.
  const text = body.toString('latin1');
  if (!/"stream"\s*:\s*true/.test(text) && !text.includes('\\u')) return false;
  return parseObject(body)?.stream === true;
}

// Only names without escapes or bytes beyond ASCII, which need the real parser.
const FIRST_KEY = /^\s*\{\s*"model"\s*:\s*"([\x20-\x21\x23-\x5b\x5d-\x7e]*)"\s*[,}]/;

/**
 * A body of these fields.
 *
 * @throws GatewayError `invalid_json` where they are nested more deeply than can be written: to read takes any depth.
 */
export function writtenBody(fields: Readonly<Record<string, unknown>>): Buffer {
  try {
    return Buffer.from(JSON.stringify(fields));
  } catch (cause) {
    if (!(cause instanceof RangeError)) throw cause;
    throw new GatewayError('invalid_json', 'The body of the model call is nested too deeply.', {
      cause,
    });
  }
}

/** A body's fields; null for what is no JSON object. */
export function parseObject(body: Buffer): Readonly<Record<string, unknown>> | null {
  try {
    const parsed: unknown = JSON.parse(body.toString());
    return typeof parsed === 'object' && parsed !== null && !Array.isArray(parsed)
      ? (parsed as Record<string, unknown>)
      : null;
  } catch {
    return null;
  }
}
