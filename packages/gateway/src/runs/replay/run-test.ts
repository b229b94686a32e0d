import { GatewayError } from '../../errors.ts';
import type { RunTest } from '../../protocol/admin/run-test.ts';
import type { Recording } from './recording.ts';

/** A case that is larger is none that anybody reads or keeps beside an agent. */
const MAX_CHARS = 16 * 1024 * 1024;

/**
 * A recorded run as a case to run its agent by.
 *
 * @throws GatewayError `invalid_request` where it is too large for one.
 */
export async function toRunTest(recording: Recording): Promise<RunTest> {
  const { run, asked, steps } = recording;
  const modelCalls: RunTest['model_calls'][number][] = [];
  const toolCalls: RunTest['tool_calls'][number][] = [];
  const texts: string[] = [];
  let chars = 0;
  for (const step of steps) {
    if (step.kind !== 'model_call' && step.kind !== 'tool_call' && step.kind !== 'text') continue;
    const contents = await recording.contentsOf(step.step);
    chars += Object.values(contents).reduce((sum, text) => sum + text.length, 0);
    if (chars > MAX_CHARS) throw tooLarge(run.id);
    if (step.kind === 'text') texts.push(contents.text ?? '');
    else if (step.kind === 'model_call') {
      const { ordinal, request_hash, path, model, status, outcome, code } = step;
      const { request = null, answer = null } = contents;
      const told = { ordinal, request_hash, path, model, status, outcome, code };
      modelCalls.push({ ...told, request, answer });
    } else {
      const { call_id, tool, provenance, outcome } = step;
      const { arguments: given = null, result = null } = contents;
      toolCalls.push({ call_id, tool, provenance, outcome, arguments: given, result });
    }
  }
  return {
    version: 1,
    agent: run.agentId,
    recorded: {
      run: run.id,
      at: new Date(run.startedMs).toISOString(),
      generation: run.generation,
      files_hash: asked.filesHash,
    },
    input: { ...asked.input },
    context: { ...asked.context },
    model_calls: modelCalls,
    tool_calls: toolCalls,
    expected: { outcome: run.outcome, code: run.code, text: texts.join('') },
  };
}

function tooLarge(runId: string): GatewayError {
  const message = `The run ${runId} held more than ${MAX_CHARS / 2 ** 20} MiB, which is too much for a test.`;
  return new GatewayError('invalid_request', message);
}
