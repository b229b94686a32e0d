import { GatewayError } from '../../errors.ts';
import type { HostedQuestion } from '../../protocol/tools/hosted-tools.ts';
import type { Declared, ReadTools } from './find-hosted.ts';

type Fields = ReadTools['fields'];

type Entry = Readonly<Record<string, unknown>>;

/**
 * Holds the approvals that a request brings against what persons approved: code of the module may answer by itself what the
 * upstream asks.
 *
 * @param asking - The tools that a person has to approve.
 * @throws GatewayError `approval_unavailable` where one of them cannot ask, or was approved by nobody.
 */
export function checkApproved(
  fields: Fields,
  asking: readonly Declared[],
  isApproved: (question: HostedQuestion) => boolean,
): void {
  if (asking.length === 0) return;
  const mute = asking.filter(({ entry, part }) => part !== 'tools' || typeOf(entry) !== 'mcp');
  if (mute.length > 0) throw cannotAsk(mute);
  const labels = new Set(asking.map(({ entry }) => (entry as Entry).server_label));
  const items: readonly unknown[] = Array.isArray(fields.input) ? fields.input : [];
  const asked = new Map(
    items
      .filter((item) => typeOf(item) === 'mcp_approval_request')
      .map((item) => [(item as Entry).id, item as Entry]),
  );
  for (const item of items) {
    if (typeOf(item) !== 'mcp_approval_response') continue;
    const { approval_request_id: id, approve } = item as Entry;
    // One whose question is not here may be of any of them.
    const question = asked.get(id);
    if (approve === false || (question && !labels.has(question.server_label))) continue;
    const tool = typeof question?.name === 'string' ? question.name : null;
    if (isApproved({ id: String(id), tool })) continue;
    throw new GatewayError(
      'approval_unavailable',
      `A rule wants a person to approve each use of ${namesOf(asking)}, and nobody approved what this model call says is approved. Let the agent wait for it: without code that approves by itself.`,
    );
  }
}

/** The request with these tools asking before each call. */
export function withAsking(fields: Fields, asking: readonly Declared[]): Fields {
  if (asking.length === 0 || !Array.isArray(fields.tools)) return fields;
  const entries = new Set(asking.map(({ entry }) => entry));
  const tools = fields.tools.map((entry) =>
    entries.has(entry) ? { ...(entry as Entry), require_approval: 'always' } : entry,
  );
  return { ...fields, tools };
}

/** The names of tools, each once. */
export function namesOf(some: readonly Declared[]): string {
  return [...new Set(some.map(({ tool }) => tool.name))].join(', ');
}

function typeOf(entry: unknown): unknown {
  return typeof entry === 'object' && entry !== null ? (entry as Entry).type : undefined;
}

/** The upstream would call it without asking anybody here. */
function cannotAsk(mute: readonly Declared[]): GatewayError {
  return new GatewayError(
    'approval_unavailable',
    `A rule wants a person to approve each use of ${namesOf(mute)}, which this model call asks the upstream for, and such a tool cannot ask. Take it out of the agent, or change the rule.`,
  );
}
