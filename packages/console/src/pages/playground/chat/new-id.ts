/** A name that nothing else has. `crypto.randomUUID` is there over https and on loopback alone. */
export function newId(): string {
  return Array.from(crypto.getRandomValues(new Uint32Array(4)), (word) => word.toString(36)).join(
    '',
  );
}
