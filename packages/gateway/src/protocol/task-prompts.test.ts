import { expect, test } from 'vitest';
import type { InputItem } from './run.ts';
import { isTaskPrompt } from './task-prompts.ts';

const user = (text: string): InputItem => ({ role: 'user', parts: [{ type: 'text', text }] });

test.each([
  '### Task:\nGenerate a concise, 3-5 word title.\n### Chat History:\n<chat_history>\nUSER: Hi\n</chat_history>',
  '### Task:\nGenerate 1-3 broad tags.\n<chat_history>',
  'Provide a concise, 5-word-or-less title for the conversation, using title case conventions. Only return the title itself.\n\nConversation:\nUser: Hi\nAI: Hello',
  'Analyze this conversation and provide:\n1. The detected language of the conversation\n2. A concise title in the detected language (5 words or less, no punctuation or quotation)\n\nUser: Hi',
])('knows a prompt that a chat client sends by itself: %j', (text) => {
  expect(isTaskPrompt([{ role: 'system', text: 'x' }, user(text)])).toBe(true);
});

test.each([
  '### Task:\nWrite me a poem.',
  'What does <chat_history> mean after ### Task:?',
  'Analyze this conversation and provide: a summary',
  'Please: Provide a concise, 5-word-or-less title for the conversation',
  '',
])('takes no other text for one: %j', (text) => {
  expect(isTaskPrompt([user(text)])).toBe(false);
});

test('looks at the last message alone, and at what a user says', () => {
  const task = '### Task:\n<chat_history>';
  expect(isTaskPrompt([user(task), user('Hi')])).toBe(false);
  expect(isTaskPrompt([user('Hi'), { role: 'assistant', text: task }])).toBe(false);
  expect(isTaskPrompt([])).toBe(false);
});
