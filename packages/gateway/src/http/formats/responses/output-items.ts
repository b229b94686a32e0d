import type { RunEvent } from '../../../protocol/run.ts';
import type { ItemsInMaking } from './items-in-making.ts';
import { createTextItems } from './text-items.ts';
import { createToolItems } from './tool-items.ts';
import { createWaitingCalls } from './waiting-calls.ts';

/** What an agent says and does, as items that follow each other. Only calls of tools may be open beside another. */
export type OutputItems = {
  readonly text: (delta: string) => void;
  readonly reasoning: (delta: string) => void;
  /** A line of its own among the reasoning. */
  readonly line: (line: string) => void;
  readonly toolStarted: (event: Extract<RunEvent, { type: 'tool_started' }>) => void;
  /** @param said - What a person reads of an end that is no good one. */
  readonly toolEnded: (event: Extract<RunEvent, { type: 'tool_ended' }>, said: string) => void;
  /** Asks a person about a call, and the caller to make one. Nothing may be open. */
  readonly request: ReturnType<typeof createWaitingCalls>['request'];
  readonly call: ReturnType<typeof createWaitingCalls>['call'];
  /** Ends what is open; `incomplete` where more was to come. */
  readonly close: (status: 'completed' | 'incomplete') => void;
};

/** Puts items into `items` as a run goes on. */
export function createOutputItems(making: ItemsInMaking): OutputItems {
  const texts = createTextItems(making);
  const tools = createToolItems(making);
  return {
    ...createWaitingCalls(making),
    text: texts.say,
    reasoning: texts.think,
    line: texts.line,
    toolStarted(event) {
      texts.close('completed');
      tools.started(event);
    },
    toolEnded: tools.ended,
    close(status) {
      tools.close();
      texts.close(status);
    },
  };
}
