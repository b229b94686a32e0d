/** Resolves when whoever asks may begin; `keyId` is whose turn it is. */
export type TakeTurn = (keyId: string) => Promise<void>;

/**
 * Lets one begin in each turn of the event loop, and the keys that wait one after the other: a hundred lists that are
 * asked for at once would else be made in one go, while nothing else is heard.
 */
export function createTurns(): TakeTurn {
  const waiting = new Map<string, (() => void)[]>();
  let isGoing = false;
  const letOneBegin = () => {
    const [first] = waiting;
    isGoing = first !== undefined;
    if (!first) return;
    const [keyId, begins] = first;
    waiting.delete(keyId);
    begins.shift()?.();
    if (begins.length > 0) waiting.set(keyId, begins);
    setImmediate(letOneBegin);
  };
  return (keyId) =>
    new Promise((resolve) => {
      const begins = waiting.get(keyId) ?? [];
      begins.push(resolve);
      waiting.set(keyId, begins);
      if (isGoing) return;
      isGoing = true;
      setImmediate(letOneBegin);
    });
}
