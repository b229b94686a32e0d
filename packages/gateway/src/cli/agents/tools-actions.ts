import {
  type ToolList,
  type ToolStatus,
  toolCallAnswer,
  toolsAnswer,
  toolsRefreshAnswer,
} from '../../protocol/admin/tools-answer.ts';
import { nearest } from '../../protocol/nearest.ts';
import { type CommandContext, CommandError, exitCodes } from '../command.ts';
import { showFinding } from '../show-findings.ts';
import { count, cut, table } from '../text-layout.ts';
import { connectGateway, type GatewayClient } from './gateway-client.ts';

const readTimeoutMs = 15_000;

/** A tool may take ten minutes, and waits for its turn before. */
const callTimeoutMs = 15 * 60_000;

const descriptionWidth = 50;

type Options = { readonly json?: true };

/** `dropgate tools list`: every gateway tool with what came of its calls. */
export async function listTools(
  { terminal, projectRoot }: CommandContext,
  options: Options,
): Promise<number> {
  const answer = await askTools(await connectGateway(projectRoot));
  const { tools, problems } = answer;
  if (options.json) {
    terminal.json(answer);
    return exitCodes.done;
  }
  const rows = tools.map((tool) => [
    tool.name,
    tool.kind,
    tool.state,
    String(tool.calls),
    String(tool.errors),
    tool.p95_ms === null ? '-' : `${tool.p95_ms} ms`,
    tool.cache_hit_rate === null ? '-' : `${Math.round(tool.cache_hit_rate * 100)} %`,
    cut(tool.description, descriptionWidth),
  ]);
  const head = ['TOOL', 'KIND', 'STATE', 'CALLS', 'ERRORS', 'P95', 'FROM CACHE', 'DESCRIPTION'];
  for (const line of table([head, ...rows])) terminal.line(line);
  for (const { name, problem } of tools) {
    if (problem !== null) terminal.note(`${name}: ${problem}`);
  }
  for (const { source, problem } of problems) terminal.note(`${source}: ${problem}`);
  return exitCodes.done;
}

/** `dropgate tools show`: all that is known of one. */
export async function showTool(
  { terminal, projectRoot }: CommandContext,
  name: string,
  options: Options,
): Promise<number> {
  const { tools } = await askTools(await connectGateway(projectRoot));
  const tool = tools.find((each) => each.name === name);
  if (!tool) throw noSuchTool(name, tools);
  if (options.json) {
    terminal.json(tool);
    return exitCodes.done;
  }
  const { last_error: lastError } = tool;
  const rows = [
    ['name', tool.name],
    ['kind', tool.kind],
    ['state', tool.problem === null ? tool.state : `${tool.state}: ${tool.problem}`],
    ['used by', tool.used_by.join(', ') || '-'],
    ['offered in', tool.offered_in.join(', ') || '-'],
    ['calls', `${tool.calls}, of which ${tool.errors} failed and ${tool.denied} were denied`],
    ['last error', lastError ? `${lastError.at}: ${lastError.message ?? lastError.outcome}` : '-'],
  ];
  for (const line of table(rows)) terminal.line(line);
  terminal.line(`\n${tool.description}\n`);
  terminal.line(JSON.stringify(tool.parameters, null, 2));
  return exitCodes.done;
}

/** `dropgate tools call`: calls one and prints what a model would be told; 1 where it came to nothing. */
export async function callTool(
  { terminal, projectRoot }: CommandContext,
  { tool, args }: { readonly tool: string; readonly args: string },
  options: Options,
): Promise<number> {
  const given = parseArguments(args);
  const gateway = await connectGateway(projectRoot);
  const report = await gateway({
    method: 'POST',
    path: `/admin/tools/${encodeURIComponent(tool)}/call`,
    answer: toolCallAnswer,
    body: { arguments: given },
    timeoutMs: callTimeoutMs,
  });
  const isDone = report.outcome === 'ok';
  if (options.json) terminal.json(report);
  else {
    terminal.line(report.result);
    const cached = report.cache === null ? '' : `, cache ${report.cache}`;
    const size = `${report.result_bytes} bytes`;
    terminal.note(`${report.outcome} after ${report.duration_ms} ms, ${size}${cached}`);
    if (report.error !== null && report.error !== report.result) terminal.note(report.error);
  }
  return isDone ? exitCodes.done : exitCodes.foundProblems;
}

/** `dropgate tools refresh`: 1 where something is wrong with the settings. */
export async function refreshTools(
  { terminal, projectRoot }: CommandContext,
  options: Options,
): Promise<number> {
  const gateway = await connectGateway(projectRoot);
  const answer = await gateway({
    method: 'POST',
    path: '/admin/tools/refresh',
    answer: toolsRefreshAnswer,
    timeoutMs: callTimeoutMs,
  });
  if (options.json) terminal.json(answer);
  else {
    for (const finding of answer.warnings) showFinding(terminal, finding, projectRoot);
    terminal.line(`${count(answer.tools.length, 'tool')}.`);
  }
  const isWrong = answer.warnings.some(({ severity }) => severity === 'error');
  return isWrong ? exitCodes.foundProblems : exitCodes.done;
}

async function askTools(gateway: GatewayClient): Promise<ToolList> {
  const path = '/admin/tools';
  const question = { method: 'GET', path, answer: toolsAnswer, timeoutMs: readTimeoutMs } as const;
  return gateway(question);
}

function noSuchTool(name: string, tools: readonly ToolStatus[]): CommandError {
  const names = tools.map((tool) => tool.name);
  const guess = nearest(name, names);
  return new CommandError(
    `There is no gateway tool ${name}. ${guess ? `Did you mean ${guess}?` : 'See `dropgate tools list`.'}`,
  );
}

function parseArguments(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new CommandError(
      'The arguments are no JSON. Give an object, such as \'{"source": "guide.md"}\'.',
    );
  }
}
