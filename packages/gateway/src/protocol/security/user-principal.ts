/** What principals of a key's users begin with: `user:<id>`. No key has such an id or name. */
export const userPrefix = 'user:';

/** Whether a pattern of a rule is about users of keys. */
export function isOfUsers(text: string): boolean {
  return text.startsWith(userPrefix);
}

/** A person behind a key that forwards its users. */
export type EndUser = {
  /** As the key names them, cleaned. */
  readonly id: string;
  /** As rules name them: `user:<id>`, in which what could mean something else is written as `%` and its bytes. */
  readonly principal: string;
  /** Under which what they use is counted, of this key alone; absent where nothing is used. */
  readonly account?: string;
};
