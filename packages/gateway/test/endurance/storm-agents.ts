import { missingPython } from '../support/python-with-sdk.ts';
import type { StormAgent } from './planned-request.ts';

const node: readonly StormAgent[] = [
  { name: 'Seeker', share: 6, hasTools: true },
  { name: 'Reader', share: 3, hasTools: false },
];
const python: readonly StormAgent[] = [
  { name: 'PySeeker', share: 1, hasTools: true },
  { name: 'PyReader', share: 1, hasTools: false },
];

/** Agents of the SDK and plain ones, in the languages that this machine has. */
export const stormAgents = (await missingPython()) ? node : [...node, ...python];
