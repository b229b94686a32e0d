import type { Emit, GatewayEvent } from '../events.ts';

/** Who says what happens, and who hears it. */
export type Events = {
  readonly emit: Emit;
  /** Adds a listener; the returned function removes it. A listener that throws hurts no other. */
  readonly listen: (listener: (event: GatewayEvent) => void) => () => void;
};

/** Makes an emitter: synchronous, in order of listening. */
export function createEvents(): Events {
  const listeners = new Set<(event: GatewayEvent) => void>();
  const emit: Emit = (event) => {
    for (const listener of listeners) {
      try {
        listener(event);
      } catch (error) {
        if (event.type !== 'fault_survived') {
          emit({ type: 'fault_survived', where: 'event listener', error });
        }
      }
    }
  };
  return {
    emit,
    listen(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
}
