// Runs in a thread beside a load, and says where its process is when the time is nearly over.
import { readFileSync, writeSync } from 'node:fs';
import { type Debugger, Session } from 'node:inspector';
import { SourceMap, type SourceMapping } from 'node:module';
import { setTimeout as wait } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { workerData } from 'node:worker_threads';
import { codeFrame } from '../../protocol/text/code-frame.ts';
import type { FromWorker } from '../../protocol/worker/messages.ts';
import type { Place } from '../explain/code-place.ts';
import { isLocalPath } from '../load/local-files.ts';
import { type BusyThreadData, turns } from './busy-turns.ts';

const { timeoutMs, turn } = workerData as BusyThreadData;
// Early enough to be heard on a busy machine before the gateway ends the process.
await wait(timeoutMs * 0.75);
if (Atomics.compareExchange(turn, 0, turns.waiting, turns.asking) === turns.waiting) {
  await tellWhereBusy();
  // Node ends the process where the thread that asked is gone before the last word of the main thread reaches it.
  await wait(timeoutMs);
}

async function tellWhereBusy(): Promise<void> {
  const session = new Session();
  session.connectToMainThread();
  // Keeps this thread alive, which a session does not.
  const waiting = setInterval(() => undefined, timeoutMs);
  const files = new Map<string, string>();
  session.on('Debugger.scriptParsed', ({ params: { url, scriptId } }) => {
    if (url.startsWith('file:')) files.set(scriptId, fileURLToPath(url));
  });
  const paused = Promise.withResolvers<Debugger.CallFrame[]>();
  session.on('Debugger.paused', ({ params }) => paused.resolve(params.callFrames));
  session.post('Debugger.enable');
  session.post('Debugger.pause');
  const frames = await paused.promise;
  const own = frames.flatMap(({ location }) => {
    const file = files.get(location.scriptId);
    return file !== undefined && isLocalPath(file) ? [{ file, location }] : [];
  });
  const [first] = own;
  if (first) tell(first.file, await placeOf(session, first.location));
  await new Promise((resolve) => session.post('Debugger.disable', resolve));
  session.disconnect();
  clearInterval(waiting);
}

/** As the author wrote it: what runs has its source map with it. */
function placeOf(session: Session, location: Debugger.Location): Promise<Place> {
  const { scriptId, lineNumber, columnNumber = 0 } = location;
  const known = Promise.withResolvers<Place>();
  session.post('Debugger.getScriptSource', { scriptId }, (_error, source) => {
    const map = /^\/\/# sourceMappingURL=data:[^,]*;base64,(\S+)$/m.exec(
      source?.scriptSource ?? '',
    );
    const payload = map?.[1] && JSON.parse(Buffer.from(map[1], 'base64').toString('utf8'));
    const entry = payload ? new SourceMap(payload).findEntry(lineNumber, columnNumber) : {};
    const { originalLine, originalColumn } = entry as Partial<SourceMapping>;
    const line = originalLine ?? lineNumber;
    const column = originalColumn ?? columnNumber;
    known.resolve({ line: line + 1, column: column + 1 });
  });
  return known.promise;
}

/** Over the channel, which nobody else writes to: all else of the process stands still. */
function tell(file: string, place: Place): void {
  const message: FromWorker = {
    type: 'fault',
    cause: 'busy',
    detail: {
      class: 'Busy',
      message: 'The load does not come to an end.',
      stack: codeFrame(readFileSync(file, 'utf8'), place),
      file,
      ...place,
      stage: 'worker',
    },
  };
  writeSync(3, `${JSON.stringify(message)}\n`);
}
