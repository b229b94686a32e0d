/** What principals of a key's users begin with: `user:<id>`. No key has such an id or name. */
export const userPrefix = 'user:';

/** Whether a pattern of a rule is about users of keys. */
export function isOfUsers(text: string): boolean {
  return text.startsWith(userPrefix);
}
