import { findBubblewrap, SandboxError } from '../../src/system/bubblewrap.ts';

/** Why no sandbox can be made on this machine, or null where one can. */
export function noSandbox(user: { uid: number; gid: number } | null = null): string | null {
  try {
    findBubblewrap({ path: process.env.PATH, user });
    return null;
  } catch (error) {
    if (error instanceof SandboxError) return error.message;
    throw error;
  }
}
