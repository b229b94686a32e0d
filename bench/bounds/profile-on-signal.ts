/**
 * Preloaded into a process that is measured. The signal SIGUSR2 begins a CPU profile, the next one writes it to
 * `<folder>/<pid>.json`; the folder is in the query of the address that this is imported by.
 */
import { writeFileSync } from 'node:fs';
import { Session } from 'node:inspector';
import { join } from 'node:path';

const folder = new URL(import.meta.url).searchParams.get('folder') ?? '.';
const sampleEveryMicros = 200;
let session: Session | null = null;

process.on('SIGUSR2', () => {
  if (!session) {
    session = new Session();
    session.connect();
    session.post('Profiler.enable');
    session.post('Profiler.setSamplingInterval', { interval: sampleEveryMicros });
    session.post('Profiler.start');
    return;
  }
  session.post('Profiler.stop', (_error, { profile }) => {
    writeFileSync(join(folder, `${process.pid}.json`), JSON.stringify(profile));
  });
  session.disconnect();
  session = null;
});
