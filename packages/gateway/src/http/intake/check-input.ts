import type { z } from 'zod';
import type { GatewayError } from '../../errors.ts';
import { invalidInput } from './invalid-input.ts';
import { parseBody } from './parse-json.ts';

/** What a part of a request is as its schema gives it, or what is wrong with it. */
export function checkInput(
  schema: z.ZodType,
  input: unknown,
): { readonly value: unknown } | { readonly error: GatewayError } {
  const result = schema.safeParse(input);
  return result.success ? { value: result.data } : { error: invalidInput(result.error, input) };
}

/** Most values in a body that waited: a draft has some thousands, and each is held against its schema at one go. */
const maxValues = 10_000;

/**
 * A body that waited unread, as its schema gives it.
 *
 * @param body - The bytes that came; anything else is no body at all.
 * @throws GatewayError `invalid_json`, and what its schema says of it.
 */
export function readWaiting(body: unknown, schema: z.ZodType): unknown {
  const checked = checkInput(
    schema,
    Buffer.isBuffer(body) ? parseBody(body, maxValues) : undefined,
  );
  if ('error' in checked) throw checked.error;
  return checked.value;
}
