import type { AgentStatus } from '../../protocol/admin/agents-answer.ts';
import type { Diagnostic } from '../../protocol/diagnostics.ts';
import type { Outcome } from './check-result.ts';
import { askRoute, bodyOf, failureIn, fieldOf } from './endpoint.ts';
import { listOf } from './read-chunks.ts';

/** Whether an agent serves what lies on disk. */
export function loads({ status, diagnostics }: AgentStatus): Outcome {
  if (status === 'ready') return null;
  const error = diagnostics.find(({ severity }) => severity === 'error');
  return { failed: error ? toldOf(error) : `It is ${status}.` };
}

/** Whether callers find it among the models. */
export async function listAgent(
  { id }: AgentStatus,
  asking: Parameters<typeof askRoute>[1],
): Promise<Outcome> {
  const answer = await askRoute('/v1/models', asking);
  const failure = failureIn(answer);
  if (failure !== null) return { failed: failure };
  const isListed = listOf(fieldOf(bodyOf(answer), 'data')).some((one) => fieldOf(one, 'id') === id);
  if (isListed) return null;
  return {
    failed: `GET /v1/models does not list it. See whether a rule hides it: \`dropgate security preview\`.`,
  };
}

/** Whether it can be described, and nothing is wrong with what its module says of it. */
export async function describeAgent(
  agent: AgentStatus,
  asking: Parameters<typeof askRoute>[1],
): Promise<Outcome> {
  const answer = await askRoute(`/v1/models/${agent.id}`, asking);
  const failure = failureIn(answer);
  if (failure !== null) return { failed: failure };
  const wrong = Object.entries(fields).find(([name, fits]) => !fits(fieldOf(bodyOf(answer), name)));
  if (wrong) return { failed: `GET /v1/models/${agent.id} has no usable ${wrong[0]}.` };
  const finding = agent.diagnostics.find(({ stage }) => stage === 'metadata');
  return finding ? { failed: toldOf(finding) } : null;
}

const isText = (value: unknown) => typeof value === 'string' && value !== '';

/** What clients read of a model. */
const fields: Readonly<Record<string, (value: unknown) => boolean>> = {
  id: isText,
  object: (value) => value === 'model',
  created: (value) => Number.isInteger(value),
  owned_by: isText,
  name: isText,
};

function toldOf({ message, hint }: Diagnostic): string {
  return hint === null ? message : `${message} ${hint}`;
}
