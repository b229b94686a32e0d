import type { Sessions } from '../../policy/sessions/sessions.ts';

/** What the console needs of the gateway. */
export type ConsoleDeps = {
  readonly isOn: () => boolean;
  /** The folder of its built files, absolute; it need not be there. */
  readonly folder: string;
  readonly sessions: Sessions;
};
