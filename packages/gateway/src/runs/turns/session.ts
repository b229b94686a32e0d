import { createHash } from 'node:crypto';
import type { SessionWanted } from './turn-types.ts';

/** The id of the conversation that a key has with an agent under a name. */
export function sessionId(keyId: string, { agentId, name }: SessionWanted): string {
  return `conv_${sha256(JSON.stringify([keyId, agentId, name])).slice(0, 32)}`;
}

function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}
