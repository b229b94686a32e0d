import type { LiveReads } from '../../http/deps.ts';
import type { Parts } from '../agent-processes.ts';
import type { Domain } from '../domain.ts';
import { createEventAccess } from './event-access.ts';

/** What happens, for viewers within their rights. */
export function createLiveReads(parts: Parts, { allows }: Pick<Domain, 'allows'>): LiveReads {
  return {
    feed: parts.observers.liveEvents,
    view: createEventAccess({ ...parts, allows }),
  };
}
