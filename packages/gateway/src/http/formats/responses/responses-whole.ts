import { GatewayError } from '../../../errors.ts';
import type { RunEvent } from '../../../protocol/run.ts';
import type { ResponseResource } from './resource.ts';
import { createResponse, type ResponseOptions } from './response-events.ts';

/**
 * A run as one response.
 *
 * @throws GatewayError with the run's failure, or where there is no room for the answer.
 */
export async function wholeResponse(
  events: AsyncIterable<RunEvent>,
  options: Omit<ResponseOptions, 'isWhole'>,
): Promise<ResponseResource> {
  let whole: ResponseResource | null = null;
  const made = createResponse(
    { ...options, isWhole: true },
    {
      tell(_type, { response }) {
        if (response !== undefined) whole = response as ResponseResource;
      },
      tellText: () => undefined,
      tellFailure(error) {
        throw error;
      },
    },
  );
  for await (const event of events) made.take(event);
  if (whole) return whole;
  throw new GatewayError('run_failed', 'The run ended without an answer.');
}
