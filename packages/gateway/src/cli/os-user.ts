import { userInfo } from 'node:os';

/** Name of the user who runs this process; its number where the machine has no name for it. */
export function osUser(): string {
  try {
    return userInfo().username;
  } catch {
    // A container may run under a number that nobody gave a name.
    return String(process.getuid?.() ?? 'unknown');
  }
}
