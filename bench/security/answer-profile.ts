/**
 * Preloaded into a gateway that is measured, with a channel to the bench: starts and stops a CPU profile when asked, and
 * tells the CPU time of the process. Nothing of the gateway is changed.
 */
import { Session } from 'node:inspector/promises';
import type { ProfileAnswer, ProfileRequest } from './profiled-process.ts';

const sampleEveryMicros = 250;
const session = new Session();

process.on('message', (request: ProfileRequest) => {
  void answer(request).then((reply) => process.send?.(reply));
});
// The channel alone must not keep a gateway alive that has stopped.
process.channel?.unref();

async function answer(request: ProfileRequest): Promise<ProfileAnswer> {
  switch (request) {
    case 'cpu': {
      const { user, system } = process.cpuUsage();
      return { cpuMicros: user + system, profile: null };
    }
    case 'start':
      session.connect();
      await session.post('Profiler.enable');
      await session.post('Profiler.setSamplingInterval', { interval: sampleEveryMicros });
      await session.post('Profiler.start');
      return { cpuMicros: 0, profile: null };
    case 'stop': {
      const { profile } = await session.post('Profiler.stop');
      session.disconnect();
      return { cpuMicros: 0, profile };
    }
    default:
      return request satisfies never;
  }
}
