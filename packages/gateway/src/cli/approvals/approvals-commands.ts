import { type Command, Option } from 'commander';
import { approvalStatuses } from '../../protocol/state/approvals.ts';
import { examples, jsonOption, limitOption, type RunCommand } from '../options.ts';

const idOfCall = 'id of the call, as `approvals list` shows it (apr_…)';

/** `dropgate approvals …`: they ask the gateway that runs on this project which calls wait for a person, and answer. */
export function addApprovalCommands(program: Command, run: RunCommand): void {
  const approvals = program
    .command('approvals')
    .description('list and answer calls of tools that wait for a person');
  const commands = () => import('./approvals-actions.ts');
  approvals
    .command('list')
    .description('list calls that wait for a person, newest first')
    .addOption(
      new Option('--status <status>', 'those of this status')
        .choices([...approvalStatuses, 'all'])
        .default('pending'),
    )
    .option('--agent <id>', 'of this agent alone: its model id, or its bare name')
    .addOption(limitOption())
    .addOption(jsonOption())
    .addHelpText('after', examples('approvals list', 'approvals list --status all --agent desk'))
    .addHelpText(
      'after',
      [
        '',
        'expired: nobody answered in time, so the call was denied.',
        'withdrawn: the caller went on without an answer, so the call was not made.',
      ].join('\n'),
    )
    .action((options) =>
      run(async (context) => (await commands()).listApprovals(context, options)),
    );
  approvals
    .command('approve')
    .description('let a call be made; once no call of its run waits, the run goes on')
    .argument('<id>', idOfCall)
    .option('--always', 'also allow later calls of this tool in the same run')
    .addOption(jsonOption())
    .addHelpText('after', examples('approvals approve apr_019…'))
    .action((id, options) =>
      run(async (context) =>
        (await commands()).answerApproval(context, id, { ...options, approve: true }),
      ),
    );
  approvals
    .command('deny')
    .description('refuse a call; once no call of its run waits, the agent goes on without it')
    .argument('<id>', idOfCall)
    .option('--reason <text>', 'why, which the agent is told')
    .addOption(jsonOption())
    .addHelpText('after', examples('approvals deny apr_019… --reason "Ask Bob first."'))
    .action((id, options) =>
      run(async (context) =>
        (await commands()).answerApproval(context, id, { ...options, approve: false }),
      ),
    );
}
