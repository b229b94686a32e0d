import { join } from 'node:path';
import { type FSWatcher, watch } from 'chokidar';
import { type ChangeBatch, createChangeBatch } from './change-batch.ts';
import { createPolledFiles, isPolled } from './polled-files.ts';
import { watchFault } from './watch-fault.ts';
import { createExtraPaths, createRootPaths, type IsWatched } from './watched-paths.ts';

export type WatchOptions = {
  /** Absolute; one that does not exist yet is waited for. */
  readonly roots: readonly string[];
  readonly quietMs?: number;
  /** Absolute paths of files and folders that came, changed or went. */
  readonly onBatch: (changed: ReadonlySet<string>) => void;
  /** What keeps it from seeing changes; each kind is reported once. */
  readonly onFault: (error: unknown) => void;
};

export type Watch = {
  /** Resolves when every change from now on is seen. What is there already is not reported. */
  readonly start: () => Promise<void>;
  /**
   * Which files or folders matter beside what lies below the roots; replaces the set before. Those that do not
   * exist are waited for, and those that are watched below a root anyway are reported once, not twice.
   */
  readonly setExtraFiles: (paths: Iterable<string>) => void;
  /** Nothing is reported afterwards, and nothing stays open. */
  readonly close: () => Promise<void>;
};

const defaultQuietMs = 50;
/** Longer than any editor or git needs between deleting a file and writing it anew. */
const goneQuietMs = 150;
const latestMs = 500;
/** A start goes on without hearing that everything is watched, after this. */
const readyTimeoutMs = 10_000;

/** Watches the agents' folders and reports what changed, once it is quiet. */
export function createWatch(options: WatchOptions): Watch {
  const { onFault } = options;
  const onBatch = (changed: ReadonlySet<string>) => {
    try {
      options.onBatch(changed);
    } catch (error) {
      onFault(error);
    }
  };
  const quietMs = options.quietMs ?? defaultQuietMs;
  const batch = createChangeBatch({ quietMs, goneQuietMs, latestMs, onBatch });
  const onError = createErrorReport(onFault);
  const inRoots = createRootPaths(options.roots);
  const extra = createExtraPaths();
  const polled = createPolledFiles(batch.add);
  const closing = new AbortController();
  const watchers: FSWatcher[] = [];
  let extraWatcher: FSWatcher | null = null;
  let wanted: string[] = [];

  return {
    async start() {
      const isReported = () => true;
      const shared = { batch, onError };
      const roots = { paths: options.roots, isWatched: inRoots, isReported };
      const extras = { paths: wanted, isWatched: extra.isWatched, isReported: extra.has };
      extraWatcher = openWatcher({ ...shared, ...extras });
      watchers.push(openWatcher({ ...shared, ...roots }), extraWatcher);
      const ready = watchers.map((each) => untilReady(each, closing.signal));
      await Promise.all(ready).catch(onFault);
    },
    setExtraFiles(paths) {
      const outside = [...paths].filter((path) => !inRoots(path));
      polled.set(outside.filter(isPolled));
      wanted = outside.filter((path) => !isPolled(path));
      const added = extra.replace(wanted);
      // What is no longer wanted stays watched, without a report: chokidar forgets the folder of a file it stops to watch.
      if (added.length > 0) extraWatcher?.add(added);
    },
    async close() {
      polled.close();
      batch.close();
      closing.abort();
      await Promise.all(watchers.map((watcher) => watcher.close()));
    },
  };
}

type WatcherOptions = {
  readonly paths: readonly string[];
  readonly isWatched: IsWatched;
  readonly isReported: (path: string) => boolean;
  readonly batch: ChangeBatch;
  readonly onError: (error: unknown) => void;
};

function openWatcher({ paths, isWatched, isReported, batch, onError }: WatcherOptions): FSWatcher {
  const watcher = watch([...paths], {
    ignored: (path, stats) => !isWatched(path, stats),
    ignoreInitial: true,
    ignorePermissionErrors: true,
    // What deletes and writes anew is waited for by the batch, folders too.
    atomic: false,
  });
  watcher.on('all', (event, path) => {
    if (isReported(path)) batch.add(path, event.startsWith('unlink') ? 'gone' : 'there');
  });
  // Changes of one file come at most each 50 ms; a file that is written for longer is noticed only here.
  watcher.on('raw', (_event, name, details) => {
    const { watchedPath } = details as { watchedPath?: string };
    if (watchedPath && name) batch.prolong(join(watchedPath, name));
  });
  watcher.on('error', onError);
  return watcher;
}

/** Each kind of fault is reported once: a limit that is reached is reached by every folder. */
function createErrorReport(onFault: (error: unknown) => void): (error: unknown) => void {
  const reported = new Set<string>();
  return (error) => {
    const { kind, fault } = watchFault(error);
    if (reported.has(kind)) return;
    reported.add(kind);
    onFault(fault);
  };
}

/** Rejects where it takes too long; a watcher that is closed first counts as ready. */
function untilReady(watcher: FSWatcher, closing: AbortSignal): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const late = new Error(
    'The folders of the agents take long to read; edits made meanwhile may need a refresh.',
  );
  const timer = setTimeout(reject, readyTimeoutMs, late);
  watcher.once('ready', resolve);
  closing.addEventListener('abort', () => resolve(), { once: true });
  return promise.finally(() => clearTimeout(timer));
}
