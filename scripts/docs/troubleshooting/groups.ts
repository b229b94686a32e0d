import { callerFailures } from './failures.ts';
import { findingAgents } from './finding-agents.ts';
import { loadingAgents } from './loading-agents.ts';
import { packagesAndTools } from './packages-and-tools.ts';
import type { Group } from './rows.ts';

/** All that is told of codes, in the order of the page. */
export const groups: readonly Group[] = [
  ...findingAgents,
  ...loadingAgents,
  ...packagesAndTools,
  callerFailures,
];
