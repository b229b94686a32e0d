import type { Access } from './access.ts';
import type { AgentProcesses } from './agent-processes.ts';
import type { Foundation } from './foundation.ts';
import type { Tools } from './tools.ts';

/** The parts of a gateway that know nothing of each other. */
export type Parts = Foundation & Tools & Access & AgentProcesses;
