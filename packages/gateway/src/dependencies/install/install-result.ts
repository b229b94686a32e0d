import type { Finding } from '../../protocol/diagnostics.ts';
import type { CheckedPackage } from '../installed-package.ts';
import type { PythonEnvironments } from '../python/environments.ts';

/** Environment of a process, by name. */
export type EnvironmentVariables = Readonly<Record<string, string | undefined>>;

/** What installs need. */
export type InstallDeps = {
  /** The environment of the process; installers get what they need of it. */
  readonly environment: EnvironmentVariables;
  readonly pythons: PythonEnvironments;
  /** Ends what is under way. */
  readonly signal: AbortSignal;
  /** Of one run of npm or pip. */
  readonly timeoutMs?: number;
};

/** A package of a lock file, by the folder it goes to. */
export type LockedPackage = { readonly name: string; readonly version: string };

/** What npm has settled on for this machine: every package, and those with a script that runs on install. */
export type LockedPackages = {
  readonly packages: readonly LockedPackage[];
  readonly withScripts: readonly LockedPackage[];
};

/** What an install of one module would do. */
export type InstallPlan = {
  readonly packages: readonly CheckedPackage[];
  readonly findings: readonly Finding[];
  /** Absolute folder the packages go to. */
  readonly target: string;
  /** What npm has settled on; null where nothing has to be installed, or it could not. */
  readonly resolved: LockedPackages | null;
  /** Why npm could not. */
  readonly failure: InstallError | null;
};

/** What an install of one module did. */
export type InstallResult =
  /** There is no file that declares anything, or all it declares is there. */
  | { readonly type: 'nothing_to_do'; readonly declares: boolean }
  | {
      readonly type: 'installed';
      readonly packages: readonly LockedPackage[];
      /** Packages whose install scripts did not run. */
      readonly skippedScripts: readonly LockedPackage[];
      /** Names that are probably not the package meant. */
      readonly warnings: readonly Finding[];
    }
  /** `finding` says what is wrong with the file that declares the packages. */
  | { readonly type: 'refused'; readonly finding: Finding }
  | { readonly type: 'failed'; readonly failure: InstallError };

/** Why an install did not happen. Whatever it is, what was installed before is still there. */
export type InstallFailure =
  | 'npm_missing'
  | 'npm_failed'
  | 'python_missing'
  | 'python_install_failed'
  | 'timed_out'
  | 'interrupted'
  | 'install_running'
  | 'incomplete_install'
  | 'source_refused'
  | 'file_refused'
  | 'folder_not_writable';

/** An install did not happen; `message` says why, `hint` what to do, `output` what the installer said, where it did. */
export class InstallError extends Error {
  override readonly name = 'InstallError';
  readonly code: InstallFailure;
  readonly hint: string;
  readonly output: string | null;

  constructor(
    code: InstallFailure,
    message: string,
    options: { readonly hint: string; readonly output?: string; readonly cause?: unknown },
  ) {
    super(message, options);
    this.code = code;
    this.hint = options.hint;
    this.output = options.output ?? null;
  }
}
