import { createHash } from 'node:crypto';
import type { InputItem } from '../../protocol/run.ts';
import type { SessionWanted } from './turn-types.ts';

/** The id of the conversation that a key has with an agent under a name. */
export function sessionId(keyId: string, { agentId, name }: SessionWanted): string {
  return `conv_${sha256(JSON.stringify([keyId, agentId, name])).slice(0, 32)}`;
}

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

function shownOf(message: InputItem): InputItem {
  if (message.role !== 'assistant') return message;
  return { role: 'assistant', text: message.text.replaceAll(/\s+/g, ' ').trim() };
}

function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}
