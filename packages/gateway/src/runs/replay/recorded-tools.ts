import type { Difference } from '../../protocol/admin/replay-answer.ts';
import { changesBetween, parsed } from './compare.ts';
import { nameOfStep, type Recording, type ToolStep } from './recording.ts';

/** A call of a tool as a worker asks about it. */
export type AskedTool = {
  readonly tool: string;
  readonly callId: string;
  /** JSON as the model wrote it. */
  readonly arguments: unknown;
};

/** A step of the record that fits what is asked, or what differs. */
export type FoundTool =
  | { readonly type: 'found'; readonly step: ToolStep; readonly result: string | null }
  | { readonly type: 'differs'; readonly difference: Difference };

/** The calls of tools that a record has, each of which is found once. */
export type RecordedTools = {
  readonly find: (asked: AskedTool) => Promise<FoundTool>;
  /** A call ended, of which nobody asked: an agent that is used as a tool runs. */
  readonly ended: (tool: string, callId: string) => void;
  /** The first that was neither asked for nor made. */
  readonly left: () => ToolStep | null;
};

/** @param hide - Takes secrets out of arguments, as they were taken out of the record. */
export function createRecordedTools(
  recording: Recording,
  hide: (text: string) => string,
): RecordedTools {
  const byTool = Map.groupBy(
    recording.steps.filter((step) => step.kind === 'tool_call'),
    ({ tool }) => tool,
  );
  const take = (tool: string, callId: string): ToolStep | undefined => {
    const calls = byTool.get(tool) ?? [];
    const named = calls.findIndex(({ call_id }) => call_id === callId);
    const at = named < 0 ? calls.findIndex(({ call_id }) => call_id === null) : named;
    return at < 0 ? undefined : calls.splice(at, 1)[0];
  };
  const found = new Set<string>();
  return {
    ended(tool, callId) {
      // What was asked for ends too, by then.
      if (!found.delete(`${tool} ${callId}`)) take(tool, callId);
    },
    left: () => [...byTool.values()].flatMap(([first]) => first ?? []).toSorted(inOrder)[0] ?? null,
    async find(asked) {
      const step = take(asked.tool, asked.callId);
      if (!step) return { type: 'differs', difference: unknownCall(asked) };
      found.add(`${asked.tool} ${asked.callId}`);
      const contents = await recording.contentsOf(step.step);
      const given = parsed(hide(String(asked.arguments ?? 'null')));
      // What was too long to be recorded cannot be compared.
      const known = contents.arguments;
      const changes = known === undefined ? [] : changesBetween(parsed(known), given);
      if (changes.length === 0) return { type: 'found', step, result: contents.result ?? null };
      const name = nameOfStep(recording, step.step);
      const message = `The tool ${step.tool} is called with something else than in ${name}.`;
      const difference = { step: step.step, kind: 'tool_call', message, changes } as const;
      return { type: 'differs', difference };
    },
  };
}

function inOrder(one: ToolStep, other: ToolStep): number {
  return one.step - other.step;
}

function unknownCall({ tool }: AskedTool): Difference {
  const message = `The tool ${tool} is called, of which the record has no such call.`;
  return { step: null, kind: 'tool_call', message, changes: [] };
}
