import { GatewayError } from '../../errors.ts';

const param = 'Idempotency-Key';

/** That a key came with another request before. */
export function keyReused(): GatewayError {
  return new GatewayError(
    'idempotency_key_reused',
    'This Idempotency-Key was sent before with another request. Send each request under a key of its own.',
    { param },
  );
}

/**
 * That nobody can say what came of the run, nor whether its tools ran.
 *
 * @param why - A sentence.
 */
export function outcomeUnknown(why: string): GatewayError {
  return new GatewayError(
    'run_outcome_unknown',
    `${why} It is not run again. To run it all the same, send another Idempotency-Key.`,
    { param },
  );
}

/** That its repeat waited for it for as long as one may. */
export function stillRunning(): GatewayError {
  return new GatewayError(
    'request_in_progress',
    'The first request with this Idempotency-Key still runs. Send it again to wait for its answer.',
    { param },
  );
}
