import type { LiveReads } from '../../http/deps.ts';
import type { Parts } from '../agent-processes.ts';
import type { Domain } from '../domain.ts';
import { createEventAccess } from './event-access.ts';
import { createStatus } from './status.ts';

/** What happens, for viewers within their rights, and how the gateway is. */
export function createLiveReads(parts: Parts, domain: Domain): LiveReads {
  return {
    status: createStatus(parts, domain),
    feed: parts.observers.liveEvents,
    view: createEventAccess({ ...parts, allows: domain.allows }),
  };
}
