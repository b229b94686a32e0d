import { nearestIds } from '../../protocol/nearest.ts';
import { CommandError } from '../command.ts';
import { askAgents } from './ask-agents.ts';
import type { GatewayClient } from './gateway-client.ts';

/**
 * The model id of an agent given by it or by a bare name that only one has; what none has is given back as an id, with
 * those that are most like it.
 *
 * @throws CommandError where several have that name.
 */
export async function findAgent(
  gateway: GatewayClient,
  named: string,
): Promise<{ readonly id: string; readonly isKnown: boolean; readonly near: readonly string[] }> {
  const wanted = named.toLowerCase();
  const agents = await askAgents(gateway);
  if (agents.some(({ id }) => id === wanted)) return { id: wanted, isKnown: true, near: [] };
  const [found, ...others] = agents.filter(({ id }) => id.endsWith(`/${wanted}`));
  if (found && others.length === 0) return { id: found.id, isKnown: true, near: [] };
  const all = agents.map(({ id }) => id);
  if (!found) return { id: wanted, isKnown: false, near: nearestIds(wanted, all) };
  const ids = [found, ...others].map(({ id }) => id).join(', ');
  throw new CommandError(`Several agents are named ${named}. Give the id of one: ${ids}.`);
}

/**
 * The same of an agent that has to be there.
 *
 * @throws CommandError also where there is none.
 */
export async function knownAgentId(gateway: GatewayClient, named: string): Promise<string> {
  const { id, isKnown, near } = await findAgent(gateway, named);
  if (isKnown) return id;
  throw noSuchAgent(named, near);
}

/** Says that there is no agent of a name, and which are most like it. */
export function noSuchAgent(named: string, near: readonly string[]): CommandError {
  const guess = near.length === 0 ? '' : ` Did you mean ${near.join(' or ')}?`;
  return new CommandError(`There is no agent ${named}.${guess} See \`dropgate agents list\`.`);
}
