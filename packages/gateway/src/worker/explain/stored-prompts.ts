import type { Finding } from '../../protocol/diagnostics.ts';
import { type AgentShape, agentGraph } from '../agent-shape.ts';
import { fieldsOf } from '../sdk.ts';
import { type Place, placeOf } from './code-place.ts';

/**
 * Warns of agents whose prompt OpenAI keeps: https://developers.openai.com/api/docs/deprecations, read on 2026-11-29. One
 * that a function gives is known in a run alone.
 */
export function findStoredPrompts(
  root: AgentShape,
  entry: { readonly file: string; readonly text: string },
): Finding[] {
  return agentGraph(root).flatMap((agent) => {
    const { promptId } = fieldsOf(fieldsOf(agent).prompt);
    if (typeof promptId !== 'string') return [];
    return [
      {
        stage: 'load',
        code: 'stored_prompt_ends',
        severity: 'warning',
        message: `Agent "${agent.name}" uses the stored prompt "${promptId}", and OpenAI serves stored prompts until 2026-11-30 only.`,
        file: entry.file,
        ...placeOfPrompt(promptId, entry.text),
        hint: 'Put the text of the prompt into `instructions` and remove `prompt`.',
      },
    ];
  });
}

/** Its id mostly stands where it is used. */
function placeOfPrompt(promptId: string, text: string): Place | null {
  return (
    placeOf(text, new RegExp(promptId.replaceAll(/\W/g, '\\$&'))) ??
    placeOf(text, /\bprompt\s*[:,}]/)
  );
}
