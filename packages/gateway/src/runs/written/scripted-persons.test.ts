import { expect, test } from 'vitest';
import { noUsage } from '../../protocol/run.ts';
import { createScriptedPersons } from './scripted-persons.ts';

const call = (callId: string, tool: string) =>
  ({ callId, tool, agent: 'Desk', provenance: 'native', arguments: '{}' }) as const;
const waiting = (...approvals: ReturnType<typeof call>[]) =>
  ({ type: 'interrupted', state: 's', approvals, usage: noUsage }) as const;
const run = { id: 'run_1', agentId: 'default/desk' };

test('the persons of a case answer calls in their order, and what they approve is granted', () => {
  const persons = createScriptedPersons([
    { approve: 'erase' },
    { deny: 'pay', reason: 'Too dear.' },
    { approve: 'erase' },
  ]);
  const first = persons.answer(waiting(call('c1', 'erase'), call('c2', 'pay')), run);
  expect(first?.resumed).toEqual({
    state: 's',
    decisions: [
      { callId: 'c1', approve: true },
      { callId: 'c2', approve: false, reason: 'Too dear.' },
    ],
    results: [],
  });
  expect(first?.grants).toMatchObject([{ callId: 'c1', tool: 'erase', arguments: '{}' }]);
  expect(persons.difference()).toMatchObject({ place: 'approvals[2]' });
  expect(persons.answer(waiting(call('c3', 'erase')), run)).not.toBeNull();
  expect(persons.difference()).toBeNull();
});

test('a run ends where a call waits of which its case says nothing, or something else', () => {
  expect(createScriptedPersons().answer(waiting(call('c1', 'erase')), run)).toBeNull();
  expect(createScriptedPersons([]).answer(waiting(), run)).toBeNull();
  const persons = createScriptedPersons([{ approve: 'pay' }]);
  expect(persons.answer(waiting(call('c1', 'erase')), run)).toBeNull();
  expect(persons.difference()).toEqual({
    place: 'approvals[0]',
    kind: 'tool_call',
    message: 'A person was asked about erase, and not about pay.',
    changes: [{ path: '', recorded: 'pay', replayed: 'erase' }],
  });
});
