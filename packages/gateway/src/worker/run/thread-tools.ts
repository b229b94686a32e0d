import type { Provenance } from '../../protocol/run.ts';
import { provenances } from '../../protocol/run-events.ts';
import { fieldsOf } from '../sdk.ts';
import { mayCallOutside } from './guard-tools.ts';
import type { GatewayLink } from './outside-runs.ts';
import { openThreadChannel } from './thread-channel.ts';

/**
 * Answers the threads of the module's own, whose guards have no way to the gateway. Once a process, in its main thread.
 *
 * @param link - The process's own way; null while it has none.
 */
export function answerThreads(link: () => GatewayLink | null): void {
  const channel = openThreadChannel();
  channel.onmessage = ({ data }) => {
    const { id, asks, denied } = fieldsOf(data);
    const told = callIn(denied);
    if (told) link()?.decided({ tool: told.tool, provenance: told.provenance, answer: 'deny' });
    const call = callIn(asks);
    if (!call) return;
    void mayCallOutside(call).then((isAllowed) => channel.postMessage({ answers: id, isAllowed }));
  };
}

/** Null where it is none: every thread of the process can write to the channel. */
function callIn(value: unknown) {
  const { tool, arguments: args, provenance } = fieldsOf(value);
  if (typeof tool !== 'string') return null;
  return { tool, args, provenance: isProvenance(provenance) ? provenance : ('native' as const) };
}

function isProvenance(value: unknown): value is Provenance {
  return provenances.some((each) => each === value);
}
