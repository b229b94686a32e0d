import { type CommandContext, CommandError } from '../command.ts';

/** A signal that aborts when the command is told to stop, so that it leaves nothing half done behind. */
export function stopBetween({ untilStopped }: CommandContext): AbortSignal {
  const stop = new AbortController();
  void untilStopped().then((name) => stop.abort(new CommandError(`Stopped by ${name}.`)));
  return stop.signal;
}
