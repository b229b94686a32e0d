import { relative } from 'node:path';
import type { AgentStatus } from '../../protocol/admin/agents-answer.ts';
import type { UpstreamInfo } from '../../protocol/admin/upstreams-answer.ts';
import type { Diagnostic } from '../../protocol/diagnostics.ts';
import { describeFinding, severityStyles } from '../show-findings.ts';
import type { Style } from '../terminal.ts';
import { cut, terminalWidth, wrap } from '../text-layout.ts';

/** More agents than these are counted, not listed. */
const MAX_LISTED = 20;

/** What `dropgate dev` tells of once it serves. */
export type DevStatus = {
  readonly url: string;
  readonly key: string;
  /** Logs in to the console, once; null where that is off. */
  readonly consoleLink: string | null;
  readonly agents: readonly ListedAgent[];
  readonly diagnostics: readonly Diagnostic[];
  readonly upstreams: readonly UpstreamInfo[];
  /** Absolute. */
  readonly projectRoot: string;
  /** Folder that agents are dropped into, absolute. */
  readonly agentRoot: string;
};

type ListedAgent = Pick<AgentStatus, 'id' | 'status' | 'generation' | 'description' | 'tools'>;

type Styled = (style: Style, text: string) => string;

/** The lines that greet whoever started `dropgate dev`: at the end, all that is needed for a first call. */
export function banner(status: DevStatus, styled: Styled): string[] {
  const { agents, projectRoot, url, key, consoleLink } = status;
  const serving = agents.filter(({ generation }) => generation !== null);
  const loading = agents.filter(({ status: state }) => state === 'loading');
  const others = agents.length > serving.length;
  return [
    '',
    `  ${styled('bold', 'Dropgate')} in ${projectRoot}`,
    '',
    ...(serving.length === 0 && others
      ? []
      : section('Agents', agentLines(serving, status, styled), styled)),
    ...section(
      'Still loading',
      loading.map(({ id }) => id),
      styled,
    ),
    ...section('Problems', problemLines(status, styled), styled),
    ...section('Upstream', upstreamLines(status.upstreams), styled),
    `  ${styled('bold', 'Serves at')} ${styled('cyan', `${url}/v1`)}`,
    `  ${styled('bold', 'Routes at')} ${styled('cyan', `${url}/docs`)}`,
    ...(consoleLink === null
      ? []
      : [`  ${styled('bold', 'Console at')} ${styled('cyan', consoleLink)}`]),
    '',
    ...section('API key', [key], styled),
    ...firstCall(status, serving[0], styled),
  ];
}

function section(title: string, lines: readonly string[], styled: Styled): string[] {
  if (lines.length === 0) return [];
  return [`  ${styled('bold', title)}`, ...lines.map((line) => `    ${line}`.trimEnd()), ''];
}

function agentLines(serving: readonly ListedAgent[], status: DevStatus, styled: Styled): string[] {
  const folder = relative(status.projectRoot, status.agentRoot) || status.agentRoot;
  if (serving.length === 0) {
    return [`None yet. Put one into ${folder}/<Name>/agent.ts, or run: dropgate new <Name>`];
  }
  const listed = serving.slice(0, MAX_LISTED);
  const idWidth = Math.max(...listed.map(({ id }) => id.length));
  const lines = listed.map(({ id, description, tools }) => {
    const about = description ?? (tools.length > 0 ? `tools: ${tools.join(', ')}` : '');
    const room = terminalWidth - 6 - idWidth;
    return `${styled('green', id)}${' '.repeat(idWidth - id.length)}  ${cut(about, room)}`;
  });
  const others = serving.length - listed.length;
  return others > 0 ? [...lines, `and ${others} more: GET ${status.url}/v1/models`] : lines;
}

function problemLines({ diagnostics }: DevStatus, styled: Styled): string[] {
  // What a run met, perhaps days ago, is no problem of this start: `dropgate agents errors` has it.
  const ofFiles = diagnostics.filter(({ request_id }) => request_id === null);
  const ranked = (['error', 'warning'] as const).flatMap((severity) =>
    ofFiles.filter((diagnostic) => diagnostic.severity === severity),
  );
  const lines = ranked.slice(0, MAX_LISTED).flatMap((diagnostic) => {
    const [first = '', ...rest] = describeFinding(diagnostic, terminalWidth - 4);
    return [styled(severityStyles[diagnostic.severity], first), ...rest];
  });
  const others = ranked.length - MAX_LISTED;
  return others > 0 ? [...lines, `and ${others} more: dropgate check`] : lines;
}

function upstreamLines(upstreams: readonly UpstreamInfo[]): string[] {
  const chosen = upstreams.find(({ is_default }) => is_default);
  if (!chosen) return [];
  if (chosen.kind === 'remote') {
    const withoutKey = chosen.has_key ? '' : ', without a key';
    const text = `${chosen.name} (${chosen.api}) at ${chosen.base_url}${withoutKey}`;
    return wrap(text, terminalWidth - 4);
  }
  return [
    'demo: a rule-based stand-in, no language model. For real answers put',
    '  OPENAI_API_KEY=sk-…  into the file .dropgate/upstream.env here.',
    'A local server works too, such as Ollama:',
    '  OPENAI_BASE_URL=http://127.0.0.1:11434/v1',
    '  GATEWAY_DEFAULT_MODEL=llama3.2',
  ];
}

// Less indented than the rest: the line with the key would be too long.
function firstCall(
  { url, key }: DevStatus,
  agent: ListedAgent | undefined,
  styled: Styled,
): string[] {
  const authorized = `    -H "Authorization: Bearer ${key}"`;
  const title = `  ${styled('bold', 'Try it')}`;
  if (!agent) return [title, `  curl ${url}/v1/models \\`, authorized, ''];
  return [
    title,
    `  curl ${url}/v1/chat/completions \\`,
    `${authorized} \\`,
    '    -H "Content-Type: application/json" \\',
    `    -d '{"model": "${agent.id}", "messages": [`,
    `          {"role": "user", "content": "${questionFor(agent)}"}]}'`,
    '',
  ];
}

// A question that the demo model, too, answers with a call of the agent's tool.
function questionFor({ tools }: ListedAgent): string {
  return tools.some((tool) => /weather/i.test(tool))
    ? 'What is the weather in Paris?'
    : 'What can you do for me?';
}
