import { randomBytes } from 'node:crypto';
import type { GatewayEvent } from '../../events.ts';
import type {
  EventFeed,
  LiveEvent,
  NumberedEvent,
  Untimed,
} from '../../protocol/admin/events-answer.ts';
import { toLiveEvent } from './to-live-event.ts';

export type EventRingDeps = {
  readonly nowMs: () => number;
  /** Takes secrets out of what an agent's module chose or caused, and what callers sent. */
  readonly redact: (agentId: string | null) => (text: string) => string;
};

/** The last events of this gateway, as operators are told of them. */
export type EventRing = EventFeed & { readonly listener: (event: GatewayEvent) => void };

/** So many are kept for those who come back after a break. */
const KEPT = 2000;

/** Keeps the small shapes of events alone. What they are as text is made once, when the first reader wants it. */
export function createEventRing({ nowMs, redact }: EventRingDeps): EventRing {
  const slots: (NumberedEvent | undefined)[] = [];
  let newest = 0;
  const readers = new Set<() => void>();

  const keep = (event: Untimed<LiveEvent>) => {
    newest += 1;
    const atMs = nowMs();
    let text: string | undefined;
    slots[newest % KEPT] = {
      number: newest,
      event,
      text: () => (text ??= shown(event, { atMs, redact })),
    };
    for (const wake of readers) wake();
  };

  return {
    life: randomBytes(6).toString('hex'),
    newest: () => newest,
    find(number) {
      const slot = slots[number % KEPT];
      return slot?.number === number ? slot : undefined;
    },
    onNew(listener) {
      readers.add(listener);
      return () => readers.delete(listener);
    },
    listener(event) {
      const told = toLiveEvent(event);
      if (told) keep(told);
    },
  };
}

/** Fields whose text somebody else chose: a module, a caller, an upstream. */
const foreign: ReadonlySet<string> = new Set(['tool', 'model', 'resource', 'module_path']);

function shown(
  event: Untimed<LiveEvent>,
  { atMs, redact }: { readonly atMs: number; readonly redact: EventRingDeps['redact'] },
): string {
  const { type, ...fields } = event;
  const hide = redact('agent_id' in event ? event.agent_id : null);
  const hidden = Object.entries(fields).map(([name, value]) => [
    name,
    typeof value === 'string' && foreign.has(name) ? hide(value) : value,
  ]);
  const at = new Date(atMs).toISOString();
  return JSON.stringify({ type, at, ...Object.fromEntries(hidden) });
}
