import { z } from 'zod';
import type { AskedCall } from '../tool.ts';

const setting = z.boolean();

const what =
  'Whether its requests name the request and the trace that they are part of, in `x-request-id` and `traceparent`.';

/** Whether a server is told what a call of it is part of: of one that the operator named, and of any that a model names. */
export const traceHeaders = {
  named: setting.default(true).describe(what),
  any: setting
    .default(false)
    .describe(`${what} Off by default: the hosts may be anybody’s, and could tell requests apart.`),
};

/** What a request says of the one that it is part of; nothing where its server is not to know. */
export function originHeaders(
  isTold: boolean,
  { requestId, traceparent }: Pick<AskedCall, 'requestId' | 'traceparent'>,
): Readonly<Record<string, string>> {
  if (!isTold) return {};
  const trace = traceparent === undefined ? {} : { traceparent };
  return { 'x-request-id': requestId, ...trace };
}
