import type { Access } from './access.ts';
import type { Foundation } from './foundation.ts';
import type { Processes } from './processes.ts';

/** The parts of a gateway that know nothing of each other. */
export type Parts = Foundation & Access & Processes;
