import type { Finding } from '../diagnostics.ts';
import type { AgentDescription } from '../records.ts';
import type { FailureDetail } from '../run.ts';
import type { FromWorker } from './messages.ts';

/** Longest texts that are kept of what an author's code says, in characters, and how many findings of one load. */
const most = { name: 1000, message: 4000, hint: 2000, frame: 4000, stack: 16_000, findings: 100 };

/** Longest name of a tool, in characters; a worker lets none be called that has a longer one. Upstreams take far shorter ones. */
export const TOOL_NAME_LIMIT = 1024;

/** A finding whose texts are no longer than anybody reads. */
export function cutFinding(finding: Finding): Finding {
  return {
    ...finding,
    message: cut(finding.message, most.message),
    ...(finding.file === undefined ? {} : { file: cut(finding.file, most.name) }),
    ...(finding.frame === undefined ? {} : { frame: cut(finding.frame, most.frame) }),
    ...(finding.hint === undefined ? {} : { hint: cut(finding.hint, most.hint) }),
  };
}

/**
 * What a worker said, with the texts of its failures cut: they are kept, logged and listed, and the author's code may
 * make them as long as it likes. What an agent answers is left as it is.
 */
export function cutTexts(message: FromWorker): FromWorker {
  switch (message.type) {
    case 'load_failed':
      return { ...message, findings: cutFindings(message.findings) };
    case 'loaded': {
      const { manifest } = message;
      const agents = manifest.agents.map(cutTools);
      const warnings = cutFindings(manifest.warnings);
      return { ...message, manifest: { ...manifest, agents, warnings } };
    }
    case 'fault':
      return { ...message, detail: cutDetail(message.detail) };
    case 'event':
      return { ...message, event: cutEvent(message.event) };
    case 'question': {
      const { question } = message;
      return { ...message, question: { ...question, tool: cutToolName(question.tool) } };
    }
    case 'tool_decided':
      return { ...message, tool: cutToolName(message.tool) };
    case 'hello':
    case 'run_over':
    case 'pong':
    case 'model_call':
    case 'model_ack':
    case 'model_abort':
      return message;
    default:
      return message satisfies never;
  }
}

function cutToolName(name: string): string {
  return cut(name, TOOL_NAME_LIMIT);
}

/** What a tool is called stays whole: rules speak of it. */
function cutTools(agent: AgentDescription): AgentDescription {
  const tools = agent.tools.map((tool) => ({
    ...tool,
    description: tool.description === null ? null : cut(tool.description, most.name),
  }));
  return { ...agent, tools };
}

function cutFindings(findings: readonly Finding[]): Finding[] {
  return findings.slice(0, most.findings).map(cutFinding);
}

type RunEvent = Extract<FromWorker, { type: 'event' }>['event'];

function cutEvent(event: RunEvent): RunEvent {
  switch (event.type) {
    case 'tool_started':
      return { ...event, ...cutCall(event) };
    case 'tool_ended':
      return { ...event, ...cutCall(event), ...cutDetailOf(event) };
    case 'failed':
      return { ...event, message: cut(event.message, most.message), ...cutDetailOf(event) };
    case 'handed_off': {
      const { fromAgent, toAgent } = event;
      return { ...event, fromAgent: cut(fromAgent, most.name), toAgent: cut(toAgent, most.name) };
    }
    case 'finished': {
      const { blockedBy } = event;
      return blockedBy === undefined ? event : { ...event, blockedBy: cut(blockedBy, most.name) };
    }
    case 'interrupted': {
      const approvals = event.approvals.map((call) => ({ ...call, ...cutCall(call) }));
      return { ...event, approvals };
    }
    case 'text':
    case 'reasoning':
      return event;
    default:
      return event satisfies never;
  }
}

function cutCall({ tool, agent }: { readonly tool: string; readonly agent: string }) {
  return { tool: cut(tool, most.name), agent: cut(agent, most.name) };
}

function cutDetailOf({ detail }: { readonly detail?: FailureDetail }) {
  return detail === undefined ? {} : { detail: cutDetail(detail) };
}

function cutDetail(detail: FailureDetail): FailureDetail {
  return {
    ...detail,
    class: cut(detail.class, most.name),
    message: cut(detail.message, most.message),
    ...(detail.stack === undefined ? {} : { stack: cut(detail.stack, most.stack) }),
    ...(detail.file === undefined ? {} : { file: cut(detail.file, most.name) }),
    ...(detail.frame === undefined ? {} : { frame: cut(detail.frame, most.frame) }),
  };
}

function cut(text: string, length: number): string {
  if (text.length <= length) return text;
  // A copy of its own: a piece of a text keeps all of it in memory.
  return Buffer.from(`${text.slice(0, length)}…`).toString();
}
