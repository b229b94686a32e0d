import { InstallError } from '../install/install-error.ts';

/** Lines of an installer's output that are kept: it tells the reason last. */
const SHOWN_LINES = 20;

/** Makes a failure of what pip or uv printed: the line that says why, and what to do about it. */
export function explainPythonInstall(output: string): InstallError {
  const lines = output.split('\n').map((line) => line.trimEnd());
  const known = reasons.find(({ pattern }) => pattern.test(output));
  const said =
    // uv's reason, on a line of its own below what it could not do.
    lines.find((line) => /^\s*╰─▶/.test(line)) ??
    lines.find((line) => /^\s*ERROR: (?!subprocess|Exception)/.test(line)) ??
    lines.find((line) => /^\s*(?:×|error:)/.test(line)) ??
    lines.findLast((line) => line !== '');
  const reason = said?.replace(/^\s*(?:ERROR:|error:|×|╰─▶)\s*/, '') ?? 'it gave no reason';
  return new InstallError(
    'python_install_failed',
    `The packages could not be installed: ${reason}`,
    {
      output: lines
        .filter((line) => line !== '')
        .slice(-SHOWN_LINES)
        .join('\n'),
      hint: known?.hint ?? 'Correct what is named above, then run the command again.',
    },
  );
}

const reasons = [
  {
    pattern: /ensurepip is not available|No module named (?:venv|ensurepip|pip)/,
    hint: 'This Python cannot make environments. Install its venv package (Debian: apt install python3-venv) or uv.',
  },
  {
    pattern:
      /subprocess-exited-with-error|Failed building wheel|Failed to build|metadata-generation-failed/i,
    hint: 'The package has to be built here and that failed. Ask for a version that comes as a wheel, or install what its build needs.',
  },
  {
    pattern: /Could not find a version|No matching distribution|was not found in the package/,
    hint: 'Correct the name or version in the requirements to one that exists.',
  },
  {
    pattern: /conflicting dependencies|No solution found/,
    hint: 'Change the versions in the requirements so that they fit together.',
  },
  {
    pattern: /Temporary failure in name resolution|Connection refused|Network is unreachable/,
    hint: 'See whether the package index can be reached, then run the command again.',
  },
];
