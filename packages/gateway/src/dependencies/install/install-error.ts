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
