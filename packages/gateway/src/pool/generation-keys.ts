import type { ModuleLoad } from '../protocol/records.ts';

/** Names the processes of a generation. */
export function keyOf(load: Pick<ModuleLoad, 'agentId' | 'generation' | 'replay'>): string {
  return [load.agentId, load.generation, ...(load.replay ? [load.replay] : [])].join('#');
}

/** Of those that replay it, given the name of those that serve it. */
export function replayKeysOf(key: string): string[] {
  return ['closed', 'open'].map((replay) => `${key}#${replay}`);
}
