import type { Sessions } from '../../policy/sessions/sessions.ts';
import type { ConsoleBuild } from './console-build.ts';

/** What the console needs of the gateway. */
export type ConsoleDeps = {
  readonly isOn: () => boolean;
  /** The folder of its built files, absolute; it need not be there. */
  readonly folder: string;
  /** How these files are; begins a build where one is needed. */
  readonly build: () => Promise<ConsoleBuild>;
  readonly sessions: Sessions;
};
