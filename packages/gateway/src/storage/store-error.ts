/** The store cannot be used. `message` says why and what to do, and holds no secret. */
export class StoreError extends Error {
  override readonly name = 'StoreError';
}
