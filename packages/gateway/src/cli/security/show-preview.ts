import { resolve } from 'node:path';
import type { Config } from '../../config/config.ts';
import { principalOf } from '../../policy/authorize.ts';
import { createPreview } from '../../policy/review/preview.ts';
import { assumedHolder } from '../../policy/tokens/assumed-holder.ts';
import type { Action } from '../../protocol/policy.ts';
import type { PreviewAnswer } from '../../protocol/security/answers.ts';
import { toPreviewRequest } from '../../protocol/security/from-json.ts';
import type { PreviewRequest } from '../../protocol/security/preview-types.ts';
import { previewBody } from '../../protocol/security/requests.ts';
import { previewToJson } from '../../protocol/security/to-json.ts';
import { type CommandContext, CommandError, exitCodes } from '../command.ts';
import { commandLineUser } from '../command-line-user.ts';
import type { Terminal } from '../terminal.ts';
import { count, table } from '../text-layout.ts';
import { checkToken } from './check-token.ts';
import { showRules } from './list-rules.ts';
import { parseJsonOption, readDraftRules } from './read-draft.ts';
import { readSecret } from './read-secret.ts';
import { knownAgentsOf, usableKeysOf, withPolicy } from './with-policy.ts';
import { nowSeconds } from './with-store.ts';

/** What `dropgate security preview` is told. */
export type PreviewOptions = {
  readonly action: Action;
  readonly resource: string;
  /** Id or name. */
  readonly key?: string;
  readonly principal?: string;
  /** Id of the person for whom the key asks. */
  readonly user?: string;
  /** A file with a token, whose caller asks. */
  readonly tokenFile?: string;
  readonly agent?: string;
  /** JSON. */
  readonly args?: string;
  /** A file. */
  readonly draftRules?: string;
  /** JSON. */
  readonly draftOverride?: string;
  readonly json?: true;
};

/** `dropgate security preview`: what a question would be answered, also with rules that are only a draft. */
export async function showPreview(
  context: CommandContext,
  options: PreviewOptions,
): Promise<number> {
  const { terminal } = context;
  const found = await withPolicy(context, async ({ store, rules, config }) => {
    const holder = await holderOf(config, options, context.projectRoot);
    const asked = holder ? { ...options, key: holder.keyId } : options;
    const request = await requestOf(asked, context.projectRoot);
    const [keys, agents] = [await usableKeysOf(store), await knownAgentsOf(store)];
    const ask = createPreview({
      rules: () => rules,
      keys: () => keys,
      agents: () => agents,
      tokenHolder: (principal) =>
        holder ? principalOf(holder) : assumedHolder(principal, config.issuers),
      nowSeconds,
    });
    return ask(commandLineUser().principal, request);
  });
  const shown = previewToJson(found);
  if (options.json) terminal.json(shown);
  else show(terminal, shown, options);
  return exitCodes.done;
}

const ofWhom = 'Say of whom: one of --key, --principal and --token-file.';

/** Who holds the token that was given; null where none was. */
async function holderOf(config: Config, options: PreviewOptions, folder: string) {
  const { tokenFile, key, principal } = options;
  if (tokenFile === undefined) return null;
  if (key ?? principal) throw new CommandError(ofWhom, exitCodes.wrongUsage);
  const { holder } = await checkToken(config, await readSecret({ tokenFile }, folder));
  return holder;
}

async function requestOf(options: PreviewOptions, folder: string): Promise<PreviewRequest> {
  const { key, principal, user, action, resource, agent } = options;
  const { args, draftRules, draftOverride } = options;
  const body = {
    action,
    resource,
    ...(key !== undefined && { key_id: key }),
    ...(principal !== undefined && { principal }),
    ...(user !== undefined && { user }),
    ...(agent !== undefined && { agent_id: agent }),
    ...(args !== undefined && { args: parseJsonOption('--args', args) }),
    ...(draftRules !== undefined && {
      draft_rules: await readDraftRules(resolve(folder, draftRules)),
    }),
    ...(draftOverride !== undefined && {
      draft_override: parseJsonOption('--draft-override', draftOverride),
    }),
  };
  const checked = previewBody.safeParse(body);
  if (checked.success) return toPreviewRequest(checked.data);
  const [issue] = checked.error.issues;
  const place = issue?.path.join('.') ?? '';
  throw new CommandError(
    place === 'principal' ? ofWhom : `${place}: ${issue?.message}.`,
    exitCodes.wrongUsage,
  );
}

function show(terminal: Terminal, shown: PreviewAnswer, options: PreviewOptions): void {
  const { before, after, changes } = shown;
  const asks = options.key ?? options.principal ?? 'The holder of the token';
  const who = options.user === undefined ? asks : `${asks} for ${options.user}`;
  for (const warning of shown.warnings ?? []) terminal.note(`warning: ${warning}`);
  terminal.line(`${who} ${options.action} ${options.resource}: ${verdict(shown)}`);
  if (options.action === 'run_agent' && shown.decision === 'deny') {
    terminal.line(
      'A request is answered 404, as if it were not there; 403 with the reason where a rule lets the key list it.',
    );
  }
  showRemedy(terminal, shown);
  if (before && after) terminal.line(`Without the draft: ${verdict(before)}`);
  if (shown.matched.length > 0) {
    terminal.line('');
    terminal.line('Rules that fit, in the order they are heard:');
    showRules(terminal, shown.matched);
  }
  if (!changes) return;
  terminal.line('');
  terminal.line(
    `The draft changes ${count(changes.length, 'answer')}${shown.truncated ? ', or more' : ''}.`,
  );
  const head = ['KEY OR AGENT', 'VIA', 'ACTION', 'RESOURCE', 'BEFORE', 'AFTER'];
  const rows = changes.map(({ principal, agent_id, action, resource, before: was, after: is }) => [
    principal.name,
    agent_id ?? '-',
    action,
    resource,
    was,
    is,
  ]);
  if (rows.length > 0) for (const line of table([head, ...rows])) terminal.line(line);
}

/** The narrowest override that would allow what is denied, as a command. */
function showRemedy(terminal: Terminal, { smallest_override: override }: PreviewAnswer): void {
  if (!override) return;
  const { principal, action, resource, break_glass: breaksGlass } = override;
  // What a shell would take for something else is for nobody to copy.
  if (!/^[\w./:@%-]+$/.test(principal + resource)) return;
  const flags = breaksGlass ? ' --break-glass' : '';
  terminal.line(
    `To allow it for a while: \`dropgate security override allow ${action} ${resource} --principal ${principal} --ttl 30m --reason "why"${flags}\``,
  );
}

function verdict({ decision, rule }: Pick<PreviewAnswer, 'decision' | 'rule'>): string {
  if (!rule) return `${decision}, because no rule fits.`;
  const reason = rule.reason === null ? '.' : `: ${rule.reason}`;
  return `${decision} by ${rule.id} (tier ${rule.tier}, ${rule.source})${reason}`;
}
