import { execFileSync } from 'node:child_process';

/** Every POSIX system has it; Node has no call of its own. */
const program = 'mkfifo';

/** Makes a named pipe, which blocks whoever opens it until the other end is opened. */
export function makePipe(path: string): void {
  execFileSync(program, [path]);
}
