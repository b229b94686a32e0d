import { join } from 'node:path';
import { ConfigError } from '../../config/config-error.ts';
import { type CommandContext, exitCodes } from '../command.ts';
import type { Terminal } from '../terminal.ts';
import { terminalWidth, wrap } from '../text-layout.ts';
import { fail, type HealthCheck, ok } from './health-check.ts';
import { isolationHealth } from './isolation.ts';
import { issuersHealth } from './issuers.ts';
import { limitsHealth } from './machine-limits.ts';
import { placeHealth } from './place.ts';
import { programsHealth } from './programs.ts';
import { storeHealth } from './store.ts';
import { upstreamsHealth } from './upstreams.ts';

/** `dropgate doctor`: says what this machine and this project have and lack; 1 where the gateway could not serve. */
export async function doctor(
  context: CommandContext,
  options: { readonly json?: true },
): Promise<number> {
  const checks = await examine(context);
  if (options.json) context.terminal.json({ checks });
  else show(checks, context.terminal);
  const isWell = checks.every(({ state }) => state !== 'fail');
  return isWell ? exitCodes.done : exitCodes.foundProblems;
}

/** What depends on the settings is left out where these are wrong. */
async function examine(context: CommandContext): Promise<HealthCheck[]> {
  try {
    const config = await context.loadConfig('check');
    const stateFolder = join(config.projectRoot, '.dropgate');
    return [
      ok('settings', config.configFile ?? 'none written down; every one has a default'),
      ...(await programsHealth(config, stateFolder)),
      ...isolationHealth(config),
      ...limitsHealth(),
      ...(await placeHealth(config, stateFolder)),
      ...(await storeHealth(config)),
      ...(await upstreamsHealth(config)),
      ...(await issuersHealth(config)),
    ];
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    const found = error.message.split('\n').join(' ');
    return [fail('settings', found, 'Correct these lines, then look again.'), ...limitsHealth()];
  }
}

const marks = { ok: 'ok  ', warn: 'warn', fail: 'FAIL' } as const;
const styles = { ok: 'green', warn: 'yellow', fail: 'red' } as const;

/** Where the text of a line begins. */
const indent = 25;

function show(checks: readonly HealthCheck[], terminal: Terminal): void {
  const width = terminalWidth - indent;
  for (const { name, state, found, fix } of checks) {
    const [first = '', ...more] = wrap(found, width);
    const mark = terminal.styled(styles[state], marks[state]);
    terminal.line(`${mark}  ${name.padEnd(indent - 6)}${first}`);
    const fixes = fix === null ? [] : wrap(`→ ${fix}`, width);
    for (const line of [...more, ...fixes]) terminal.line(' '.repeat(indent) + line);
  }
}
