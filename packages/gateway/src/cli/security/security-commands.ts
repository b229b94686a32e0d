import { Argument, type Command, Option } from 'commander';
import { actions, effects, ruleEffects } from '../../protocol/policy.ts';
import {
  examples,
  jsonOption,
  limitOption,
  parseAddress,
  parseRunLimits,
  parseSince,
  parseTtl,
  type RunCommand,
} from '../options.ts';

/** `dropgate security whoami|preview|override|overrides|revoke|rules|decisions`: they open the store themselves. */
export function addSecurityCommands(program: Command, run: RunCommand): void {
  const security = program
    .command('security')
    .description('look at rules and decisions, permit or stop something for a while');
  addWhoamiCommand(security, run);
  addPreviewCommand(security, run);
  addOverrideCommands(security, run);
  security
    .command('rules')
    .description('list the rules of every tier in the order they are heard')
    .addOption(jsonOption())
    .addHelpText('after', examples('security rules', 'security rules --json'))
    .addHelpText('after', '\nThose of gateway.yaml are read from the file as it is now.')
    .action((options) =>
      run(async (context) => (await import('./list-rules.ts')).listRules(context, options)),
    );
  addDecisionsCommand(security, run);
}

function addWhoamiCommand(security: Command, run: RunCommand): void {
  security
    .command('whoami')
    .description('tell who a key or token is here and what holds for it, or why it is not taken')
    .option('--token-file <file>', 'the file that holds it, - for the standard input', '-')
    .option('--token <token>', 'or itself, which other users of the machine may see')
    .addOption(jsonOption())
    .addHelpText(
      'after',
      examples('security whoami --token-file token.jwt', 'security whoami --json < token.jwt'),
    )
    .addHelpText(
      'after',
      [
        '',
        'Reads the settings itself, and of a token asks its issuer for the keys. Exits with 1',
        'where it is not taken.',
      ].join('\n'),
    )
    .action((options) =>
      run(async (context) => (await import('./show-whoami.ts')).showWhoami(context, options)),
    );
}

function addPreviewCommand(security: Command, run: RunCommand): void {
  security
    .command('preview')
    .description('tell what would be answered; records and changes nothing')
    .addArgument(actionArgument())
    .argument('<resource>', 'model id, tool name, module path or route, by action')
    .option('--key <key>', 'who asks: the id or the name of a key')
    .option('--principal <principal>', 'or role:<role>, or agent:<model id>')
    .option('--user <id>', 'for whom the key asks, where it forwards its users')
    .option('--token-file <file>', 'or the holder of a token, - for the standard input')
    .option('--agent <id>', 'the agent that calls a tool')
    .option('--args <json>', 'the arguments of a tool call')
    .option('--draft-rules <file>', 'rules to try: a YAML list, or a gateway.yaml')
    .option('--draft-override <json>', 'an override to try')
    .addOption(jsonOption())
    .addHelpText(
      'after',
      examples(
        'security preview run_agent default/sampleagent --key alice',
        'security preview call_tool weather --key alice --agent labs/planner',
        'security preview run_agent labs/planner --principal role:caller --draft-rules new.yaml',
      ),
    )
    .action((action: string, resource: string, options) =>
      run(async (context) =>
        (await import('./show-preview.ts')).showPreview(context, {
          action,
          resource,
          ...options,
        }),
      ),
    );
}

function addOverrideCommands(security: Command, run: RunCommand): void {
  const commands = () => import('./overrides-actions.ts');
  security
    .command('override')
    .description('permit or stop something for a while; holds within a second')
    .addArgument(new Argument('<effect>', 'what to do').choices(effects))
    .addArgument(actionArgument())
    .argument('<resource>', 'model id, tool name, module path or route; * stands for anything')
    .requiredOption(
      '--principal <principal>',
      'a key (id, name or glob), role:<role>, user:<id>, agent:<glob>',
    )
    .requiredOption('--reason <text>', 'why; it is kept and shown')
    .addOption(
      new Option('--ttl <duration>', 'how long, up to 24h').argParser(parseTtl).default(900, '15m'),
    )
    .option('--break-glass', 'an allow that is heard before the denying rules of gateway.yaml')
    .option(
      '--limits <limits>',
      'of raise_limits: what a run may use, such as max_model_calls=200',
      parseRunLimits,
    )
    .addOption(jsonOption())
    .addHelpText(
      'after',
      examples(
        'security override allow run_agent default/sampleagent --principal alice --ttl 60s --reason demo',
        'security override deny call_tool "*" --principal "agent:labs/*" --ttl 2h --reason incident',
        'security override allow raise_limits labs/planner --principal alice --limits max_model_calls=200 --reason migration',
      ),
    )
    .action((effect: string, action: string, resource: string, options) =>
      run(async (context) =>
        (await commands()).makeOverride(context, { effect, action, resource, ...options }),
      ),
    );
  security
    .command('overrides')
    .description('list the overrides, newest first, those that ended included')
    .option('--active', 'only those that hold now')
    .addOption(jsonOption())
    .addHelpText('after', examples('security overrides --active'))
    .action((options) =>
      run(async (context) => (await commands()).listOverrides(context, options)),
    );
  security
    .command('revoke')
    .description('end an override; holds within a second')
    .argument('<id>', 'its id, ovr_…')
    .addOption(jsonOption())
    .addHelpText('after', examples('security revoke ovr_3vQ0b6mJ2kXa'))
    .action((id: string, options) =>
      run(async (context) => (await commands()).revokeOverride(context, id, options)),
    );
}

function addDecisionsCommand(security: Command, run: RunCommand): void {
  security
    .command('decisions')
    .description('list what was allowed and denied, and by which rule, newest first')
    .option('--key <key>', 'of this key alone: its id, or its name')
    .option('--user <id>', 'for this user alone, whom a key forwarded')
    .option('--agent <id>', 'about this agent alone: its model id')
    .addOption(new Option('--action <action>', 'of this action alone').choices(actions))
    .addOption(new Option('--effect <effect>', 'only these').choices(ruleEffects))
    .option('--tool <name>', 'about this tool alone')
    .option('--rule <id>', 'by this rule alone')
    .option('--request <id>', 'of this request alone')
    .option('--since <time>', 'since: a time, or a duration such as 30m', parseSince)
    .option('--until <time>', 'before: a time, or a duration such as 30m', parseSince)
    .option('--after <id>', 'those that follow on this one')
    .addOption(limitOption())
    .addOption(jsonOption())
    .addHelpText(
      'after',
      examples(
        'security decisions --effect deny --since 1h',
        'security decisions --key alice --agent labs/planner --json',
      ),
    )
    .action((options) =>
      run(async (context) => (await import('./list-decisions.ts')).listDecisions(context, options)),
    );
}

/** `dropgate audit`. */
export function addAuditCommand(program: Command, run: RunCommand): void {
  program
    .command('audit')
    .description('report gaps in rules, overrides and keys, and advisories on packages')
    .option('--advisories', 'ask what is known against packages of gateway and agents, too')
    .addOption(
      new Option('--npm-service <url>', 'registry that knows advisories; default: npm’s').argParser(
        parseAddress,
      ),
    )
    .addOption(
      new Option(
        '--osv-service <url>',
        'server of OSV for packages of PyPI; default: osv.dev',
      ).argParser(parseAddress),
    )
    .addOption(jsonOption())
    .addHelpText('after', examples('audit', 'audit --advisories', 'audit --advisories --json'))
    .addHelpText(
      'after',
      [
        '',
        'Exits with 1 where something is worth a change. A service of advisories that cannot',
        'be reached is told of, and is no finding. Names and versions of packages are sent.',
      ].join('\n'),
    )
    .action((options) =>
      run(async (context) => (await import('./show-audit.ts')).showAudit(context, options)),
    );
}

function actionArgument(): Argument {
  return new Argument('<action>', 'what is asked for').choices(actions);
}
