import type { Finding } from '../../protocol/diagnostics.ts';
import type { AgentShape } from '../agent-shape.ts';
import { placeOf } from './code-place.ts';

const runnerWithModel = /\bnew\s+Runner\s*\(\s*\{[^{}]*?\b(modelProvider|model)\b/;

/** Warns of a file whose own runner has a model, or knows where to get one, that the agent itself does not have. */
export function findRunModel(
  agent: AgentShape,
  entry: { readonly file: string; readonly text: string },
): Finding[] {
  const field = runnerWithModel.exec(entry.text)?.[1];
  if (field === undefined || typeof agent.model === 'object') return [];
  return [
    {
      stage: 'metadata',
      code: 'run_model_not_used',
      severity: 'warning',
      message: `The file's own \`Runner\` has a \`${field}\`, which runs of the gateway do not get: they go by the agent's \`model\`.`,
      file: entry.file,
      ...placeOf(entry.text, runnerWithModel),
      hint: 'Give it to the agent: `new Agent({ …, model })`, where `model` is a name, or what `getModel()` of the provider gives.',
    },
  ];
}
