import type { Command } from 'commander';
import { examples, jsonOption, type RunCommand } from '../options.ts';

/** `dropgate doctor`: it looks and changes nothing. */
export function addDoctorCommand(program: Command, run: RunCommand): void {
  program
    .command('doctor')
    .description('say what this machine can do for agents, and what keeps it from serving')
    .addOption(jsonOption())
    .addHelpText('after', examples('doctor', 'doctor --json'))
    .addHelpText('after', '\nExits with 1 where the gateway could not serve as it is set.')
    .action((options) =>
      run(async (context) => (await import('./doctor.ts')).doctor(context, options)),
    );
}
