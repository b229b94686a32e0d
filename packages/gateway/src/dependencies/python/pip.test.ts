import { expect, test } from 'vitest';
import { explainPipFailure } from './pip.ts';

const failures = [
  {
    what: 'pip finds no such version',
    output:
      'ERROR: Could not find a version that satisfies the requirement words==9.0 (from versions: 1.0)\nERROR: No matching distribution found for words==9.0\n',
    reason:
      'Could not find a version that satisfies the requirement words==9.0 (from versions: 1.0)',
    hint: 'Correct the name or version in the requirements to one that exists. One that comes as source only is built with --allow-scripts.',
  },
  {
    what: 'pip cannot reach the index',
    output:
      "WARNING: Retrying (Retry(total=0)) after connection broken by 'NewConnectionError(...: [Errno -3] Temporary failure in name resolution')': /simple/words/\nERROR: Could not find a version that satisfies the requirement words (from versions: none)\n",
    reason: 'the package index cannot be reached',
    hint: 'See to the network, or to the index and proxy that pip or uv is set up with, then run the command again.',
  },
  {
    what: 'uv finds no such package',
    output:
      '  × No solution found when resolving dependencies:\n  ╰─▶ Because reqeusts was not found in the package registry and you require\n      reqeusts, we can conclude that your requirements are unsatisfiable.\n',
    reason: 'Because reqeusts was not found in the package registry and you require',
    hint: 'Correct the name or version in the requirements to one that exists. One that comes as source only is built with --allow-scripts.',
  },
  {
    what: 'uv finds versions that exclude each other',
    output:
      '  × No solution found when resolving dependencies:\n  ╰─▶ Because you require words==1.0 and words==2.0, we can conclude\n',
    reason: 'Because you require words==1.0 and words==2.0, we can conclude',
    hint: 'Change the versions in the requirements so that they fit together.',
  },
  {
    what: 'this Python makes no environments',
    output:
      'The virtual environment was not created successfully because ensurepip is not available.',
    reason:
      'The virtual environment was not created successfully because ensurepip is not available.',
    hint: 'This Python cannot make environments. Install its venv package (Debian: apt install python3-venv) or uv.',
  },
  {
    what: 'nothing was said',
    output: '',
    reason: 'it gave no reason',
    hint: 'Correct what is named above, then run the command again.',
  },
];

test.each(failures)('an install that failed since $what says so', ({ output, reason, hint }) => {
  expect(explainPipFailure(output)).toMatchObject({
    code: 'python_install_failed',
    message: `The packages could not be installed: ${reason}`,
    hint,
  });
});
