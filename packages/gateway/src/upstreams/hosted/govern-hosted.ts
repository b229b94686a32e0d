import { GatewayError } from '../../errors.ts';
import type { UpstreamApi } from '../../protocol/records.ts';
import type {
  DecideHosted,
  DeniedHostedTools,
  HostedAnswer,
  HostedTool,
  IsApprovedHosted,
} from '../../protocol/tools/hosted-tools.ts';
import { writtenBody } from '../relay/request-body.ts';
import { type Declared, findHosted, type ReadTools } from './find-hosted.ts';
import { checkApproved, namesOf, withAsking } from './require-approval.ts';

/** What governs tools that run at an upstream. */
export type HostedGovernance = {
  readonly decide: DecideHosted;
  readonly isApproved: IsApprovedHosted;
  readonly denied: () => DeniedHostedTools;
};

/** A body as it may be sent, with its fields where it was read for that. */
export type GovernedBody = {
  readonly body: Buffer;
  readonly fields: ReadTools['fields'] | null;
};

/**
 * Takes the hosted tools out of a model request that the rules deny. Here, outside of the author's process, no client of
 * a module's own gets past it.
 *
 * Those that a person has to approve are changed so that the upstream asks.
 *
 * @throws GatewayError `not_allowed` where the request cannot do without one, or is to be refused with it;
 *   `approval_unavailable` where a person would have to approve one that cannot ask, or was not asked; as `writtenBody`.
 */
export function governHosted(
  { decide, isApproved, denied }: HostedGovernance,
  body: Buffer,
  asked: { readonly agentId: string; readonly runId: string | null; readonly api: UpstreamApi },
): GovernedBody {
  const declared = findHosted(body, asked.api);
  if (declared === null) return { body, fields: null };
  const { hosted, isAmbiguous } = declared;
  const answerTo = createAnswers((tool) => decide(asked, tool));
  // Each is decided about, so that all are recorded.
  const answers = hosted.map(({ tool }) => answerTo(tool));
  if (!isAmbiguous && answers.every((answer) => answer === 'allow')) {
    return { body, fields: declared.whole?.fields ?? null };
  }
  const whole = declared.read();
  const { fields } = whole;
  const of = (wanted: HostedAnswer) => whole.hosted.filter(({ tool }) => answerTo(tool) === wanted);
  const asking = of('require_approval');
  checkApproved(fields, asking, (question) => isApproved(asked, question));
  const out = of('deny');
  if (out.length === 0 && asking.length === 0) return isAmbiguous ? sent(fields) : { body, fields };
  const isNeeded = out.some(({ part }) => part === 'prompt') || isForced(fields.tool_choice, out);
  if (out.length > 0 && (denied() === 'refuse' || isNeeded)) throw refusal(out);
  return sent(withAsking(out.length > 0 ? without(fields, out) : fields, asking));
}

/** Asks once about each tool, however often it is there. */
function createAnswers(
  decide: (tool: HostedTool) => HostedAnswer,
): (tool: HostedTool) => HostedAnswer {
  const known = new Map<string, HostedAnswer>();
  return (tool) => {
    const id = [tool.name, ...tool.aliases].join(' ');
    const answer = known.get(id) ?? decide(tool);
    known.set(id, answer);
    return answer;
  };
}

function sent(fields: ReadTools['fields']): GovernedBody {
  return { body: writtenBody(fields), fields };
}

function without(fields: ReadTools['fields'], out: readonly Declared[]): ReadTools['fields'] {
  const { tools, web_search_options: search, ...rest } = fields;
  const entries = new Set(out.map(({ entry }) => entry));
  const kept = Array.isArray(tools) ? tools.filter((entry) => !entries.has(entry)) : [];
  const isSearchKept =
    search !== undefined && !out.some(({ part }) => part === 'web_search_options');
  const searched = isSearchKept ? { ...rest, web_search_options: search } : rest;
  if (kept.length > 0) return { ...searched, tools: kept };
  // Servers refuse these without tools.
  const { tool_choice: _, parallel_tool_calls: __, ...bare } = searched;
  return bare;
}

/** Whether the model is told to use one of these: without it the request makes no sense. */
function isForced(choice: unknown, out: readonly Declared[]): boolean {
  if (typeof choice !== 'object' || choice === null || !('type' in choice)) return false;
  const { type } = choice;
  return out.some(({ entry }) => (entry as { type?: unknown }).type === type);
}

function refusal(out: readonly Declared[]): GatewayError {
  return new GatewayError(
    'not_allowed',
    `The gateway's rules do not let this agent use ${namesOf(out)}, which this model call asks the upstream for.`,
  );
}
