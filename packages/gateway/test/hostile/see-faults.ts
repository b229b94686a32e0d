/** Counts promises of this process that were rejected with nobody to hear of it, until it is stopped. */
export function seesFaults(): { readonly count: () => number; readonly stop: () => void } {
  const seen: unknown[] = [];
  const see = (reason: unknown) => void seen.push(reason);
  process.on('unhandledRejection', see);
  return { count: () => seen.length, stop: () => void process.off('unhandledRejection', see) };
}
