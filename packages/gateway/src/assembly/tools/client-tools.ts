import { matchesGlob } from '../../policy/rules/glob.ts';
import type { ClientToolsMode } from '../../protocol/records.ts';
import type { Parts } from '../agent-processes.ts';

/** What the operator says of tools that callers send to an agent; undefined where it says nothing. */
export function createClientToolsAsSet({ live }: Pick<Parts, 'live'>) {
  return (agentId: string): ClientToolsMode | undefined =>
    live.current().clientTools.findLast(({ agents }) => matchesGlob(agents, agentId))?.mode;
}
