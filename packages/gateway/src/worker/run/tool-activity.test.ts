import { describe, expect, test } from 'vitest';
import type { RunEvent } from '../../protocol/run.ts';
import { createToolActivity, type ToolCall } from './tool-activity.ts';

const call = (callId: string): ToolCall => ({
  callId,
  tool: 'lookup',
  agent: 'A',
  provenance: 'native',
});

function watched() {
  const told: string[] = [];
  const activity = createToolActivity((event: RunEvent) => {
    const detail = 'callId' in event ? event.callId : '';
    const outcome = 'outcome' in event ? event.outcome : '';
    told.push([event.type, detail, outcome].filter(Boolean).join(' '));
  });
  return { told, activity };
}

describe('tool activity', () => {
  test('is told at once where no stream is read', () => {
    const { told, activity } = watched();
    activity.started(call('1'));
    activity.ended('1', 'fine');
    activity.handedOff('A', 'B');
    expect(told).toEqual(['tool_started 1', 'tool_ended 1 ok', 'handed_off']);
  });

  test('waits for the stream to come to the call, however far ahead the tool is', () => {
    const { told, activity } = watched();
    const release = activity.hold();
    activity.started(call('1'));
    activity.started(call('2'));
    activity.ended('2', 'fine');
    expect(told).toEqual([]);
    activity.reach('2');
    expect(told).toEqual(['tool_started 2', 'tool_ended 2 ok']);
    activity.reach('1');
    activity.ended('1', 'fine');
    release();
    expect(told.slice(2)).toEqual(['tool_started 1', 'tool_ended 1 ok']);
  });

  test('goes out when the last stream is done, reached or not', () => {
    const { told, activity } = watched();
    const releases = [activity.hold(), activity.hold()];
    activity.started(call('1'));
    releases[0]?.();
    expect(told).toEqual([]);
    releases[1]?.();
    expect(told).toEqual(['tool_started 1']);
  });

  test('tells a failure by the sentence that the SDK gives the model instead', () => {
    const { told, activity } = watched();
    for (const [callId, output] of [
      ['1', 'An error occurred while running the tool. Please try again.'],
      ['2', 'An error occurred while running the tool. Please try again. Error: Error: x'],
      ['3', { an: 'object' }],
    ] as const) {
      activity.started(call(callId));
      activity.ended(callId, output);
    }
    expect(told.filter((line) => line.startsWith('tool_ended'))).toEqual([
      'tool_ended 1 failed',
      'tool_ended 2 failed',
      'tool_ended 3 ok',
    ]);
  });

  test('tells of a failure what the tool threw, by the call or else the tool, and once', () => {
    const events: RunEvent[] = [];
    const activity = createToolActivity((event) => void events.push(event));
    const failure = 'An error occurred while running the tool.';
    const cause = (message: string) => ({ class: 'Error', message, stage: 'tool' }) as const;
    for (const callId of ['1', '2', '3', '4']) activity.started(call(callId));
    activity.threw('1', cause('of the call'));
    activity.ended('1', failure);
    activity.threw('lookup', cause('of the tool'));
    activity.ended('2', failure);
    activity.ended('3', failure);
    activity.threw('4', cause('handled by the author'));
    activity.ended('4', 'fine');
    activity.started(call('4'));
    activity.threw('4', cause('of a tool that may not fail'));
    activity.ended('4', 'Error: of a tool that may not fail');
    activity.started(call('4'));
    activity.threw('5', cause('while it was closed'));
    activity.started(call('5'));
    activity.close();
    const ends = events.filter((event) => event.type === 'tool_ended');
    expect(ends.map(({ callId, outcome, detail }) => [callId, outcome, detail?.message])).toEqual([
      ['1', 'failed', 'of the call'],
      ['2', 'failed', 'of the tool'],
      ['3', 'failed', undefined],
      ['4', 'ok', undefined],
      ['4', 'failed', undefined],
      ['4', 'failed', undefined],
      ['5', 'failed', 'while it was closed'],
    ]);
  });

  test('ends what is still open as failed, or as denied, and nothing twice', () => {
    const { told, activity } = watched();
    activity.started(call('1'));
    activity.started(call('2'));
    activity.deny('2');
    activity.close();
    activity.ended('1', 'late');
    activity.close();
    expect(told.slice(2)).toEqual(['tool_ended 1 failed', 'tool_ended 2 denied']);
  });

  test('judges each call by itself where a model uses an id again', () => {
    const { told, activity } = watched();
    activity.started(call('1'));
    activity.deny('1');
    activity.ended('1', 'refused');
    activity.started(call('1'));
    activity.ended('1', 'fine');
    expect(told.filter((line) => line.startsWith('tool_ended'))).toEqual([
      'tool_ended 1 denied',
      'tool_ended 1 ok',
    ]);
  });

  test('leaves handoffs to the reader of the stream', () => {
    const { told, activity } = watched();
    activity.hold();
    activity.handedOff('A', 'B');
    activity.close();
    expect(told).toEqual([]);
  });
});
