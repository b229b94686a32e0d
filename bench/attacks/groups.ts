import { administration } from './administration.ts';
import type { AttackGroup } from './attack.ts';
import { budgets } from './budgets.ts';
import { callers } from './callers.ts';
import { consoleLogins } from './console/console.ts';
import { disguises } from './disguises.ts';
import { files } from './files.ts';
import { floods } from './floods.ts';
import { gatewayTools } from './gateway-tools.ts';
import { guards } from './guards.ts';
import { heldWorkers } from './held.ts';
import { looks } from './looks.ts';
import { secrets } from './secrets.ts';
import { waiting } from './waiting.ts';
import { workers } from './workers.ts';

/** Every promise that is attacked; a group is a file and a line here. */
export const groups: readonly AttackGroup[] = [
  administration,
  budgets,
  callers,
  consoleLogins,
  disguises,
  files,
  floods,
  gatewayTools,
  guards,
  heldWorkers,
  looks,
  secrets,
  waiting,
  workers,
];
