import { once } from 'node:events';
import type { Profiler } from 'node:inspector';
import { join } from 'node:path';
import type { Server } from '../processes.ts';

/** What is asked of a process that was started with `profiling`. */
export type ProfileRequest = 'cpu' | 'start' | 'stop' | 'held';

export type ProfileAnswer = {
  /** Of the process since its start, where that was asked. */
  readonly cpuMicros: number;
  /** Where it was stopped. */
  readonly profile: Profiler.Profile | null;
  /** What it holds in memory and uses, where that was asked. */
  readonly heldBytes: number;
};

/** Arguments of Node that make a process answer the functions below. */
export const profiling = ['--import', join(import.meta.dirname, 'answer-profile.ts')] as const;

/** CPU time of a process since its start, without those below it, in µs. */
export async function cpuMicros(server: Server): Promise<number> {
  return (await ask(server, 'cpu')).cpuMicros;
}

/** The profile of a process while something is done. */
export async function profileOf(
  server: Server,
  act: () => Promise<unknown>,
): Promise<Profiler.Profile> {
  await ask(server, 'start');
  await act();
  const { profile } = await ask(server, 'stop');
  if (!profile) throw new Error('No profile came back.');
  return profile;
}

/** What a process holds after a garbage collection, in bytes: objects and buffers, no room that V8 keeps for more. */
export async function heldBytes(server: Server): Promise<number> {
  return (await ask(server, 'held')).heldBytes;
}

async function ask(server: Server, request: ProfileRequest): Promise<ProfileAnswer> {
  server.process.send(request);
  const [answer] = (await once(server.process, 'message')) as [ProfileAnswer];
  return answer;
}
