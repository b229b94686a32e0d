import { Command } from 'commander';
import { readOwnPackage } from '../config/own-package.ts';
import { addAgentCommands } from './agents/agents-commands.ts';
import { addToolCommands } from './agents/tools-commands.ts';
import { addApprovalCommands } from './approvals/approvals-commands.ts';
import { addTestCommand } from './cases/test-commands.ts';
import { addCompletionCommands } from './completion/completion-commands.ts';
import { addConsoleCommand } from './console/console-commands.ts';
import { addDataCommands } from './data/data-commands.ts';
import { addDependencyCommands } from './deps/deps-commands.ts';
import { addDoctorCommand } from './doctor/doctor-commands.ts';
import type { RunCommand } from './options.ts';
import { addProjectCommands } from './project/project-commands.ts';
import { addRunCommands } from './runs/runs-commands.ts';
import { addUsageCommand } from './runs/usage-commands.ts';
import { addKeyCommands } from './security/keys-commands.ts';
import { addAuditCommand, addSecurityCommands } from './security/security-commands.ts';
import { addServingCommands } from './serve/serve-commands.ts';
import { addServiceCommands } from './service/service-commands.ts';
import { addStatusCommands } from './status/status-commands.ts';

/**
 * Every command, with its help. What a command needs is imported when it runs.
 *
 * @param options.asJson - What is wrong with a command line is not written, only thrown.
 */
export function commandTable(
  run: RunCommand,
  options: { readonly asJson?: boolean } = {},
): Command {
  const program = new Command('dropgate')
    .description('Serves agents of the OpenAI Agents SDK, dropped into a folder, as an OpenAI API.')
    .version(readOwnPackage().version, '-v, --version')
    .showHelpAfterError('Run the command with --help to see what it takes.')
    .configureOutput(options.asJson ? { writeErr: () => undefined } : {})
    .exitOverride();
  addProjectCommands(program, run);
  addServingCommands(program, run);
  addTestCommand(program, run);
  addDoctorCommand(program, run);
  addAgentCommands(program, run);
  addToolCommands(program, run);
  addRunCommands(program, run);
  addApprovalCommands(program, run);
  addStatusCommands(program, run);
  addConsoleCommand(program, run);
  addServiceCommands(program, run);
  addUsageCommand(program, run);
  addDependencyCommands(program, run);
  addKeyCommands(program, run);
  addSecurityCommands(program, run);
  addAuditCommand(program, run);
  addDataCommands(program, run);
  addCompletionCommands(program, run);
  program.addHelpText(
    'after',
    '\nExit codes: 0 done, 1 found problems or could not do it, 2 wrong usage.\nWith --json a failure is JSON too: { "error": { "message": "…" } }.',
  );
  return program;
}
