/** A value that parts of the page watch. */
export type State<Value> = {
  readonly get: () => Value;
  /** Changes it, and says so at once. */
  readonly set: (change: (value: Value) => Value) => void;
  /** Changes it, and says so with the next picture of the screen: for what changes many times between two. */
  readonly setSoon: (change: (value: Value) => Value) => void;
  /** As `useSyncExternalStore` takes it. */
  readonly subscribe: (onChange: () => void) => () => void;
};

/** A window that is not seen draws no pictures; then this often. */
const unseenMs = 250;

/** Makes one. What is said is one value until it is said again, however often it changes meanwhile. */
export function createState<Value>(first: Value): State<Value> {
  const watchers = new Set<() => void>();
  let shown = first;
  let now = first;
  let isDue = false;

  function tell(): void {
    isDue = false;
    if (shown === now) return;
    shown = now;
    for (const watcher of watchers) watcher();
  }

  return {
    get: () => shown,
    set(change) {
      now = change(now);
      tell();
    },
    setSoon(change) {
      now = change(now);
      if (isDue) return;
      isDue = true;
      if (document.hidden) setTimeout(tell, unseenMs);
      else requestAnimationFrame(tell);
    },
    subscribe(onChange) {
      watchers.add(onChange);
      return () => watchers.delete(onChange);
    },
  };
}
