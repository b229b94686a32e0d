import { shownJson, shownText } from '../../../protocol/text/shown-text.ts';
import type { AskedCall } from './asked-calls.ts';

/** Letters of the arguments of one call that are shown. */
const MOST_SHOWN = 2000;

/** The same of a name. */
const MOST_OF_A_NAME = 128;

/** Names of those who may answer that are shown. */
const MOST_NAMES = 5;

/**
 * Asks a person about calls, in Markdown that reads as plain text too. Names and arguments are the model's: nothing in them
 * ends the block that they stand in, or is not seen.
 *
 * @param runId - The run that waits.
 */
export function askedText(calls: readonly AskedCall[], runId: string): string {
  const own = calls.filter(({ asked }) => asked.code !== null);
  const parts = calls.flatMap((call) => [callText(call, runId), answerText(call, runId)]);
  const together =
    own.length > 1 ? ['All of them can be answered in one message, a line for each.'] : [];
  return [...parts, ...together].join('\n\n');
}

function callText({ tool, agent, arguments: written }: AskedCall, runId: string): string {
  const text = argumentsText(written);
  const head = `${code(agent)} asks for approval to call ${code(tool)} with:`;
  const shown = text.slice(0, MOST_SHOWN);
  const block = `\`\`\`json\n${shown}${shown === text ? '' : '…'}\n\`\`\``;
  const rest = `These are the first ${MOST_SHOWN} of ${text.length} letters. All of them are told by \`GET /v1/runs/${runId}/approvals\`.`;
  return [head, block, ...(shown === text ? [] : [rest])].join('\n\n');
}

function answerText({ asked }: AskedCall, runId: string): string {
  const { id, code: answer, expiresMs } = asked;
  const until = `until ${new Date(expiresMs).toISOString().slice(0, 16).replace('T', ' ')} UTC`;
  if (answer === null) {
    const command = `\`dropgate approvals approve ${id}\``;
    const route = `\`POST /v1/runs/${runId}/approvals/${id}\``;
    if (!asked.approvers)
      return `An operator has to decide, ${until}: with ${command}, or ${route}.`;
    const how = asked.approvers.some(fitsAnAdmin)
      ? `${command}, or ${route}`
      : `${route} and their key`;
    return `A rule names who has to decide, ${until}: ${names(asked.approvers)}, with ${how}.`;
  }
  const lines = [`- \`approve ${answer}\``, `- \`deny ${answer}\`, and why, if you like`];
  return [`Answer with one of these lines, ${until}:`, lines.join('\n')].join('\n\n');
}

/** The command line answers as an admin, who has every role. */
function fitsAnAdmin(approver: string): boolean {
  return approver === '*' || approver.startsWith('role:');
}

function names(approvers: readonly string[]): string {
  const more = approvers.length - MOST_NAMES;
  const shown = approvers.slice(0, MOST_NAMES).map(code).join(', ');
  return more > 0 ? `${shown} and ${more} more` : shown;
}

/** In a line of its own code, which no backtick ends. */
function code(name: string): string {
  return `\`${shownText(name.slice(0, MOST_OF_A_NAME)).replaceAll(/\s+/g, ' ').replaceAll('`', "'")}\``;
}

/** What stands in it, is what is called: numbers as they were written, texts as they are. */
function argumentsText(written: string): string {
  return shownArguments(written).replaceAll('`', '\\u0060');
}

function shownArguments(written: string): string {
  // What is longer is not shown whole anyway, and deep nesting would be indented at length.
  const indent = written.length > MOST_SHOWN ? undefined : 2;
  try {
    return shownJson(JSON.parse(written, asWritten), indent);
  } catch {
    return shownJson(written);
  }
}

/** A number stays as the model wrote it: the agent's language may hold it more exactly than this one. */
function asWritten(_key: string, value: unknown, ...[context]: readonly unknown[]): unknown {
  return typeof value === 'number'
    ? rawJSON((context as { readonly source: string }).source)
    : value;
}

// https://tc39.es/proposal-json-parse-with-source: the types of the language lack it so far.
const { rawJSON } = JSON as unknown as { readonly rawJSON: (text: string) => unknown };
