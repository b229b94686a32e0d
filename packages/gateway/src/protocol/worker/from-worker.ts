import type { z } from 'zod';
import { cutTexts } from './cut-texts.ts';
import { fromWorkerSchemas } from './message-schemas.ts';
import { type FromWorker, reservedMessageTypes } from './messages.ts';

/**
 * Checks what a worker sent: the author's code runs in that process, so nothing it says is taken on trust.
 * Fields that are not known are let through, since a newer worker may say more. Text is checked by hand: it is the hot path.
 *
 * @returns The message, the texts of failures cut, `reserved` for a type kept for later (to be passed over), or null for anything else.
 */
export function parseFromWorker(message: {
  readonly type: string;
}): FromWorker | 'reserved' | null {
  if (message.type === 'event' && isTextEvent(message)) return message;
  const schema = schemas.get(message.type);
  if (schema) {
    return schema.safeParse(message).success ? cutTexts(message as FromWorker) : null;
  }
  return reserved.has(message.type) ? 'reserved' : null;
}

type TextEvent = Extract<FromWorker, { type: 'event' }>;

function isTextEvent(message: { readonly type: string }): message is TextEvent {
  const { runId, event } = message as Partial<Record<keyof TextEvent, unknown>>;
  if (typeof runId !== 'string' || typeof event !== 'object' || event === null) return false;
  const { type, delta } = event as { type?: unknown; delta?: unknown };
  return (type === 'text' || type === 'reasoning') && typeof delta === 'string';
}

const schemas: ReadonlyMap<string, z.ZodType> = new Map(Object.entries(fromWorkerSchemas));

const reserved: ReadonlySet<string> = new Set(reservedMessageTypes);
