import { GatewayError } from '../../errors.ts';
import type { StoredGeneration } from '../../protocol/records.ts';

/**
 * The generation to go back to: the one that is wanted, else the newest that is older than what serves.
 *
 * @param kept - Of this agent, the newest first.
 * @param which - Numbers; null where none is named, or nothing serves.
 * @throws GatewayError `record_not_found`, which names those that there are.
 */
export function chooseGeneration(
  agentId: string,
  kept: readonly StoredGeneration[],
  { wanted, serving }: { readonly wanted: number | null; readonly serving: number | null },
): StoredGeneration {
  const chosen = kept.find(({ generation }) =>
    wanted === null ? serving === null || generation < serving : generation === wanted,
  );
  if (chosen) return chosen;
  if (kept.length === 0)
    throw notFound(`No generation of ${agentId} is kept: none has loaded yet.`);
  const what =
    wanted === null
      ? `No generation of ${agentId} that is older than ${serving}`
      : `No generation ${wanted} of ${agentId}`;
  const numbers = kept.map(({ generation }) => generation).join(', ');
  throw notFound(`${what} is kept. Kept are: ${numbers}.`);
}

function notFound(message: string): GatewayError {
  return new GatewayError('record_not_found', message, { param: 'to' });
}
