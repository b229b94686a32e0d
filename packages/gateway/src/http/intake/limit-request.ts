import { GatewayError } from '../../errors.ts';
import type { RateReading } from '../../policy/limits/rate-limit.ts';
import type { Caller } from '../../protocol/policy.ts';
import type { HttpDeps } from '../deps.ts';
import type { Exchange } from '../exchange.ts';

/**
 * Counts a request against its key's limit and says in the headers where that stands, as OpenAI does. Null where the
 * key has none, so that nobody waits for nothing.
 *
 * @throws GatewayError `rate_limited`
 */
export function limitRequest(
  { limits }: HttpDeps,
  { reply }: Exchange,
  caller: Caller,
): Promise<void> | null {
  const counting = limits.countRequest(caller);
  if (!counting) return null;
  return counting.then((reading) => {
    reply.headers({
      'x-ratelimit-limit-requests': String(reading.limit),
      'x-ratelimit-remaining-requests': String(reading.remaining),
      'x-ratelimit-reset-requests': duration(reading.resetMs),
    });
    if (reading.isExceeded) throw tooManyRequests(reading);
  });
}

function tooManyRequests({ limit, resetMs }: RateReading): GatewayError {
  const requests = limit === 1 ? 'one request' : `${limit} requests`;
  return new GatewayError(
    'rate_limited',
    `This key may send ${requests} a minute. Try again in ${Math.max(1, Math.ceil(resetMs / 1000))} s.`,
    { retryAfterSeconds: resetMs / 1000 },
  );
}

/** As OpenAI writes it: `17ms`, `8.64s`, `1m0s`. */
function duration(ms: number): string {
  const whole = Math.ceil(ms);
  if (whole < 1000) return `${whole}ms`;
  const minutes = Math.floor(whole / 60_000);
  const seconds = `${(whole % 60_000) / 1000}s`;
  return minutes > 0 ? `${minutes}m${seconds}` : seconds;
}
