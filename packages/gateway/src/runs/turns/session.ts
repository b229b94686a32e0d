import { createHash } from 'node:crypto';
import type { Owner } from '../../protocol/state/owner.ts';
import type { SessionWanted } from './turn-types.ts';

/** The id of the conversation that a key, for one of its users, has with an agent under a name. */
export function sessionId({ keyId, user }: Owner, { agentId, name }: SessionWanted): string {
  const known = user === null ? [keyId, agentId, name] : [keyId, agentId, name, user];
  return `conv_${sha256(JSON.stringify(known)).slice(0, 32)}`;
}

function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}
