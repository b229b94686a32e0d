import {
  createPythonEnvironments,
  type PythonEnvironments,
} from '../../src/dependencies/python/environments.ts';

/** A machine without any Python. */
export const noPython: PythonEnvironments = createPythonEnvironments({
  stateFolder: '/nowhere/.dropgate',
  python: null,
  environment: {},
});
