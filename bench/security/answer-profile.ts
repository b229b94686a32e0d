/**
 * Preloaded into a server that is measured, with a channel to the bench: starts and stops a CPU profile when asked, and
 * tells the CPU time of the process and what it holds in memory. Nothing of the server is changed.
 */
import { Session } from 'node:inspector/promises';
import type { ProfileAnswer, ProfileRequest } from './profiled-process.ts';

const sampleEveryMicros = 250;
const session = new Session();
const nothing: ProfileAnswer = { cpuMicros: 0, profile: null, heldBytes: 0 };

process.on('message', (request: ProfileRequest) => {
  void answer(request).then((reply) => process.send?.(reply));
});
// The channel alone must not keep a gateway alive that has stopped.
process.channel?.unref();

async function answer(request: ProfileRequest): Promise<ProfileAnswer> {
  switch (request) {
    case 'cpu': {
      const { user, system } = process.cpuUsage();
      return { ...nothing, cpuMicros: user + system };
    }
    case 'start':
      session.connect();
      await session.post('Profiler.enable');
      await session.post('Profiler.setSamplingInterval', { interval: sampleEveryMicros });
      await session.post('Profiler.start');
      return nothing;
    case 'stop': {
      const { profile } = await session.post('Profiler.stop');
      session.disconnect();
      return { ...nothing, profile };
    }
    case 'held': {
      session.connect();
      await session.post('HeapProfiler.collectGarbage');
      session.disconnect();
      const { heapUsed, external } = process.memoryUsage();
      return { ...nothing, heldBytes: heapUsed + external };
    }
    default:
      return request satisfies never;
  }
}
