/** One Ctrl-C can arrive twice, from the terminal and from a parent such as npm; later ones are meant. */
const ECHO_MS = 100;

const exitCodes = { SIGINT: 130, SIGTERM: 143, SIGHUP: 129 } as const;

type StopSignal = keyof typeof exitCodes;

/** Resolves at the first signal that asks to stop. A further one ends the process at once. */
export function untilStopSignal(): Promise<string> {
  return new Promise((resolve) => {
    let first: { readonly signal: StopSignal; readonly atMs: number } | null = null;
    const stop = (signal: StopSignal) => {
      const nowMs = performance.now();
      if (first === null) {
        first = { signal, atMs: nowMs };
        resolve(signal);
        return;
      }
      const isEcho =
        signal === 'SIGINT' && first.signal === 'SIGINT' && nowMs - first.atMs < ECHO_MS;
      if (!isEcho) process.exit(exitCodes[signal]);
    };
    // Otherwise it opens Node's inspector, to whoever may connect: an agent of the same user can send it.
    process.on('SIGUSR1', () => {});
    for (const signal of Object.keys(exitCodes) as StopSignal[]) {
      process.on(signal, () => stop(signal));
    }
  });
}
