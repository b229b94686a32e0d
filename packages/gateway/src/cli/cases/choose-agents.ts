import type { AgentStatus } from '../../protocol/admin/agents-answer.ts';
import { nearestIds } from '../../protocol/nearest.ts';
import { CommandError, exitCodes } from '../command.ts';

/** Agents by their model ids, or by bare names that only one has; all where none is named. Throws CommandError. */
export function chooseAgents(
  named: readonly string[],
  all: readonly AgentStatus[],
): readonly AgentStatus[] {
  if (named.length === 0) return all;
  const wanted = named.map((name) => {
    const lower = name.toLowerCase();
    const exact = all.find(({ id }) => id === lower);
    const alike = exact ? [exact] : all.filter(({ id }) => mayBe(lower, id));
    const [found, ...others] = alike;
    if (found && others.length === 0) return found;
    const ids = all.map(({ id }) => id);
    throw new CommandError(
      found
        ? `Several agents are named ${name}. Give the id of one: ${alike.map(({ id }) => id).join(', ')}.`
        : `There is no agent ${name}.${guess(nearestIds(lower, ids))} \`dropgate check\` tells which there are.`,
      exitCodes.wrongUsage,
    );
  });
  return [...new Set(wanted)];
}

/** Whether one of the names may be that of an agent; every agent may where none is named. */
export function isNamed(named: readonly string[], id: string): boolean {
  return named.length === 0 || named.some((name) => mayBe(name.toLowerCase(), id));
}

function mayBe(name: string, id: string): boolean {
  return id === name || id.endsWith(`/${name}`);
}

function guess(near: readonly string[]): string {
  return near.length === 0 ? '' : ` Did you mean ${near.join(' or ')}?`;
}
