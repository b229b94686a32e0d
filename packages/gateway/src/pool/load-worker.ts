import type { ModelAccess } from '../protocol/pool.ts';
import type { ModuleLoad } from '../protocol/records.ts';
import { type LoadAnswer, protocolVersion } from '../protocol/worker/messages.ts';
import { findingOfEnd } from './load-findings.ts';
import { moduleEnvironment } from './process/worker-env.ts';
import type { WorkerProcess } from './process/worker-process.ts';

/**
 * Loads a module into a worker that has none. The time limit begins when the worker is ready to load, so that a busy
 * machine is not held against the module. Where the answer is `load_failed`, the worker is ended.
 */
export async function loadWorker(
  worker: WorkerProcess,
  load: ModuleLoad,
  options: {
    readonly access: ModelAccess;
    readonly loadTimeoutMs: number;
    readonly memoryLimitMb: number;
    readonly signal: AbortSignal;
  },
): Promise<LoadAnswer> {
  const { access, signal } = options;
  const stop = (): void => {
    void worker.kill('retired', 'The load was cancelled.');
  };
  signal.addEventListener('abort', stop, { once: true });
  if (signal.aborted) stop();
  try {
    const answer = (await worker.ready) ? await askToLoad(worker, load, options) : null;
    if (answer?.type === 'loaded') {
      access.setUpstream(answer.manifest.upstream.name);
      return answer;
    }
    access.revoke();
    const ended = worker.end('retired');
    if (answer) return answer;
    const end = await ended;
    return { type: 'load_failed', findings: [findingOfEnd(end, load, options)], files: [] };
  } catch (error) {
    // No fault of the module, but nobody would own its process from here.
    access.revoke();
    void worker.kill('retired', 'The load failed inside the gateway.');
    throw error;
  } finally {
    signal.removeEventListener('abort', stop);
  }
}

/** Null where the worker ended before it answered. */
async function askToLoad(
  worker: WorkerProcess,
  load: ModuleLoad,
  options: { readonly access: ModelAccess; readonly loadTimeoutMs: number },
): Promise<LoadAnswer | null> {
  const answered = Promise.withResolvers<LoadAnswer>();
  worker.listen((message) => {
    if (message.type === 'loaded' || message.type === 'load_failed') answered.resolve(message);
  });
  const env = moduleEnvironment(load.env, options.access);
  worker.send({ type: 'load', version: protocolVersion, load: { ...load, env } });
  const timer = setTimeout(() => {
    void worker.kill('load_timeout', `The load took longer than ${options.loadTimeoutMs} ms.`);
  }, options.loadTimeoutMs);
  try {
    return await Promise.race([answered.promise, worker.ended.then(() => null)]);
  } finally {
    clearTimeout(timer);
  }
}
