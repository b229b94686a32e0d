import { patienceMs } from '../support/hang-limit.ts';

/** When something that belongs to a request was seen to begin and to end, in ms of `performance.now()`. */
export type Sighting = { readonly begun: Promise<number>; readonly ended: Promise<number> };

/** Lets one side wait for what the other sees. Only what is watched is remembered. */
export type Sightings = {
  readonly watch: (id: number) => Sighting;
  readonly forget: (id: number) => void;
  readonly begun: (id: number) => void;
  readonly ended: (id: number) => void;
};

export function createSightings(): Sightings {
  const watched = new Map<number, Record<'begun' | 'ended', PromiseWithResolvers<number>>>();
  const told = (what: 'begun' | 'ended') => (id: number) =>
    watched.get(id)?.[what].resolve(performance.now());
  return {
    watch(id) {
      const both = {
        begun: Promise.withResolvers<number>(),
        ended: Promise.withResolvers<number>(),
      };
      watched.set(id, both);
      return { begun: both.begun.promise, ended: both.ended.promise };
    },
    forget: (id) => watched.delete(id),
    begun: told('begun'),
    ended: told('ended'),
  };
}

/** What is promised, or a failure that says what did not come. */
export async function within<T>(promise: Promise<T>, what: string): Promise<T> {
  const late = Promise.withResolvers<never>();
  const timer = setTimeout(() => late.reject(new Error(`Never came: ${what}.`)), patienceMs);
  try {
    return await Promise.race([promise, late.promise]);
  } finally {
    clearTimeout(timer);
  }
}
