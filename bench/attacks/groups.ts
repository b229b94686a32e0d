import { approvals } from './approvals/approvals.ts';
import type { AttackGroup } from './attack.ts';
import {
  again,
  credentials,
  crossed,
  growth,
  injections,
  kept,
  meant,
  smuggling,
  twoReadings,
  ways,
} from './callers/callers.ts';
import { failingRules } from './callers/failing.ts';
import { consoleLogins } from './console/console.ts';
import { administration } from './limits/administration.ts';
import { budgets } from './limits/budgets.ts';
import { floods } from './limits/floods.ts';
import { waiting } from './limits/waiting.ts';
import { workers } from './limits/workers.ts';
import { tokens } from './tokens/tokens.ts';
import { gatewayTools } from './tools/gateway-tools.ts';
import { reach } from './tools/reach.ts';
import { sandboxes } from './workers/boxed.ts';
import { disguises } from './workers/disguises.ts';
import { files } from './workers/files.ts';
import { guards } from './workers/guards.ts';
import { heldWorkers } from './workers/held.ts';
import { looks } from './workers/looks.ts';
import { secrets } from './workers/secrets.ts';

/** Every promise that is attacked; a group is a file in a room and a line here. */
export const groups: readonly AttackGroup[] = [
  administration,
  budgets,
  credentials,
  crossed,
  injections,
  ways,
  smuggling,
  twoReadings,
  growth,
  kept,
  again,
  meant,
  consoleLogins,
  disguises,
  files,
  floods,
  gatewayTools,
  tokens,
  failingRules,
  reach,
  approvals,
  guards,
  heldWorkers,
  sandboxes,
  looks,
  secrets,
  waiting,
  workers,
];
