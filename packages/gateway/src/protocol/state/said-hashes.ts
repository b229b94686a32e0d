import { createHash } from 'node:crypto';
import type { InputItem } from '../run.ts';

/**
 * The hash of a line of messages up to each of them, so that two lines share one for as long as they are the same. Space
 * in answers does not count: clients send them back trimmed, or wrapped.
 *
 * @param before - The hash of what came before them; empty where nothing did.
 */
export function hashesOf(messages: readonly InputItem[], before = ''): string[] {
  let last = before;
  return messages.map((message) => {
    last = sha256(JSON.stringify([last, shownOf(message)]));
    return last;
  });
}

function shownOf(message: InputItem): object {
  const { role } = message;
  // Clients write the arguments of a call in a way of their own.
  if (role === 'tool_call') return { role, callId: message.callId };
  if (role !== 'assistant') return message;
  return { role, text: message.text.replaceAll(/\s+/g, ' ').trim() };
}

function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}
