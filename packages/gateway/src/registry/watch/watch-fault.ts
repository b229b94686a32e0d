/** What a fault of the watcher means to an operator. `kind` is the same for faults with the same remedy. */
export type WatchFault = { readonly kind: string; readonly fault: Error };

const remedies: ReadonlyMap<string, string> = new Map([
  [
    'ENOSPC',
    'The system watches no more folders, so some edits are not seen. Raise fs.inotify.max_user_watches (`sudo sysctl fs.inotify.max_user_watches=524288`), or refresh after an edit.',
  ],
  [
    'EMFILE',
    'Too many files or watchers are open, so some edits are not seen. Raise `ulimit -n` and fs.inotify.max_user_instances, or refresh after an edit.',
  ],
  [
    'ENFILE',
    'The whole system has too many open files, so some edits are not seen. Raise fs.file-max, or refresh after an edit.',
  ],
]);

/** Says what an error of the watcher means and what to do; the error itself is the cause. */
export function watchFault(error: unknown): WatchFault {
  const code = codeOf(error);
  const message =
    remedies.get(code) ??
    `A folder cannot be watched (${code || String(error)}). Refresh after an edit.`;
  return { kind: code || message, fault: new Error(message, { cause: error }) };
}

function codeOf(error: unknown): string {
  if (typeof error !== 'object' || error === null || !('code' in error)) return '';
  return String(error.code);
}
