import { GatewayError } from '../../errors.ts';
import type { RateReading } from '../../policy/limits/rate-limit.ts';
import type { Caller } from '../../protocol/policy.ts';
import type { HttpDeps } from '../deps.ts';
import type { Exchange } from '../exchange.ts';

/**
 * Counts a request against the limits of its key and of the user whom it is for, and says in the headers where the tighter
 * one stands, as OpenAI does. Null where there is none, so that nobody waits for nothing.
 *
 * @throws GatewayError `rate_limited`
 */
export function limitRequest(
  deps: HttpDeps,
  exchange: Exchange,
  caller: Caller,
): Promise<void> | null {
  const ofKey = deps.limits.countRequest(caller.keyId);
  if (!ofKey) return limitUser(deps, exchange, caller);
  return ofKey.then(async (reading) => {
    tell(exchange, reading, 'key');
    await limitUser(deps, exchange, caller);
  });
}

/** The same for the user alone. */
export function limitUser(
  { limits }: HttpDeps,
  exchange: Exchange,
  { user }: Caller,
): Promise<void> | null {
  const counting = user?.account === undefined ? null : limits.countRequest(user.account);
  return counting?.then((reading) => tell(exchange, reading, 'user')) ?? null;
}

const remainingHeader = 'x-ratelimit-remaining-requests';

/** @throws GatewayError `rate_limited` */
function tell({ reply }: Exchange, reading: RateReading, whose: 'key' | 'user'): void {
  const told = reply.getHeader(remainingHeader);
  if (reading.isExceeded || told === undefined || Number(told) > reading.remaining) {
    reply.headers({
      'x-ratelimit-limit-requests': String(reading.limit),
      [remainingHeader]: String(reading.remaining),
      'x-ratelimit-reset-requests': duration(reading.resetMs),
    });
  }
  if (reading.isExceeded) throw tooManyRequests(reading, whose);
}

function tooManyRequests({ limit, resetMs }: RateReading, whose: 'key' | 'user'): GatewayError {
  const requests = limit === 1 ? 'one request' : `${limit} requests`;
  return new GatewayError(
    'rate_limited',
    `This ${whose} may send ${requests} a minute. Try again in ${Math.max(1, Math.ceil(resetMs / 1000))} s.`,
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
