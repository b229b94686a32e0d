import { GatewayError } from '../../errors.ts';
import type { WrittenTest } from '../../protocol/admin/written-test.ts';
import type { AnswerFromRecord } from '../../protocol/journal/replayed-calls.ts';

/** The models of one run. */
export type ScriptedModels = {
  readonly answer: AnswerFromRecord;
  /** How often models were asked. */
  readonly asked: () => number;
};

/** Answers calls of models in order, or leaves them to the upstream where there is no script. */
export function createScriptedModels(script: WrittenTest['model']): ScriptedModels {
  let asked = 0;
  return {
    asked: () => asked,
    async answer() {
      const index = asked;
      asked += 1;
      if (!script) return { type: 'live' };
      const next = script[index];
      if (next === undefined) {
        const message = `The model is asked once more than the case has answers: model has ${script.length}.`;
        return { type: 'refused', failure: new GatewayError('invalid_request', message) };
      }
      const { text = null, tool_calls = [] } = typeof next === 'string' ? { text: next } : next;
      const calls = tool_calls.map(({ name, arguments: args }, at) => {
        return { callId: `call_${index}_${at}`, name, arguments: JSON.stringify(args) };
      });
      return { type: 'said', text, calls, seed: index.toString(16).padStart(24, '0') };
    },
  };
}
