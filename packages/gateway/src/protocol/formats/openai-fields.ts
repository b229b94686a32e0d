import { z } from 'zod';
import type { FailureCode } from '../../errors.ts';

/** `params` of a refinement: the failure a caller gets in place of `invalid_value`. */
export type RefusedAs = { readonly failure: FailureCode };

export const unsupportedParameter: RefusedAs = { failure: 'unsupported_parameter' };
export const unsupportedValue: RefusedAs = { failure: 'unsupported_value' };
export const missingParameter: RefusedAs = { failure: 'missing_parameter' };

/** What a caller attaches to its request. */
export const metadata = z
  .record(z.string().max(64), z.string().max(512))
  .refine((pairs) => Object.keys(pairs).length <= 16, { error: 'There may be at most 16 pairs' });

/** What a caller may be told of itself: a name goes into a header. */
const tellableName = /^[A-Za-z]\w{0,63}$/;
const mostNames = 20;

/** Names of fields of a request that its schema does not know, as far as they can be told. */
export function unknownFields(
  request: Readonly<Record<string, unknown>>,
  { shape }: { readonly shape: object },
): string[] {
  const given = Object.keys(request).filter(
    (name) => !Object.hasOwn(shape, name) && request[name] != null,
  );
  return given.filter((name) => tellableName.test(name)).slice(0, mostNames);
}
