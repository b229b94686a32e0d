/** Masks a key in bytes that pass by. */
export type KeyMask = {
  /** What may pass on of what came so far; a piece that ends within what may be the key is kept back. */
  readonly pass: (piece: Buffer) => Buffer;
  /** What was kept back. To be asked for when no more comes. */
  readonly rest: () => Buffer;
};

/** Upstreams repeat the key that they refuse. What stands for it is as long, so that a length that was told holds. */
export function createKeyMask(apiKey: string): KeyMask {
  const key = Buffer.from(apiKey);
  const stars = Buffer.alloc(key.length, '*');
  let held = Buffer.alloc(0);
  return {
    pass(piece) {
      const bytes = Buffer.concat([held, piece]);
      for (let at = bytes.indexOf(key); at >= 0; at = bytes.indexOf(key, at + key.length)) {
        stars.copy(bytes, at);
      }
      const end = bytes.length - lengthOfBeginning(bytes, key);
      held = bytes.subarray(end);
      return bytes.subarray(0, end);
    },
    rest: () => held,
  };
}

/** How much of a key stands at the end of some bytes, the whole of it not counted. */
function lengthOfBeginning(bytes: Buffer, key: Buffer): number {
  let length = Math.min(bytes.length, key.length - 1);
  while (length > 0 && !bytes.subarray(-length).equals(key.subarray(0, length))) length -= 1;
  return length;
}
