import type { BroadcastChannel } from 'node:worker_threads';
import { fieldsOf } from '../sdk.ts';
import type { GatewayLink } from './outside-runs.ts';

const channelName = 'dropgate.tools';

/** A main thread that waits for its thread cannot answer it. */
const answerTimeoutMs = 10_000;

/** By which threads of one process speak of calls of tools; keeps none of them alive. */
export function openThreadChannel(): BroadcastChannel {
  const { BroadcastChannel: Channel } = process.getBuiltinModule('node:worker_threads');
  const channel = new Channel(channelName);
  channel.unref();
  return channel;
}

/** The way of a thread to the gateway: its process's main thread. Rejects where that does not answer in time. */
export function linkOfThread(): GatewayLink {
  const channel = openThreadChannel();
  const { threadId } = process.getBuiltinModule('node:worker_threads');
  const waiting = new Map<string, (isAllowed: boolean) => void>();
  let asked = 0;
  channel.onmessage = ({ data }) => {
    const { answers, isAllowed } = fieldsOf(data);
    waiting.get(String(answers))?.(isAllowed === true);
  };
  return {
    ask(question) {
      asked += 1;
      const id = `${threadId}:${asked}`;
      const { promise, resolve, reject } = Promise.withResolvers<boolean>();
      // Keeps the thread alive while it waits, too.
      const timer = setTimeout(reject, answerTimeoutMs, new Error('The main thread is busy.'));
      waiting.set(id, resolve);
      channel.postMessage({ id, asks: question });
      return promise.finally(() => {
        clearTimeout(timer);
        waiting.delete(id);
      });
    },
    decided: (decided) => channel.postMessage({ denied: decided }),
  };
}
