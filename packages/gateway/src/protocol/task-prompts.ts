import type { UpstreamApi } from './records.ts';
import type { InputItem } from './run.ts';

/** A model that is asked by the gateway itself, and how its upstream is spoken to. */
export type PlainModel = {
  readonly model: string;
  readonly upstream: string;
  readonly api: UpstreamApi;
};

/** How LibreChat's prompts for titles begin, of now and of before. */
const titlePrompts = [
  'Provide a concise, 5-word-or-less title for the conversation',
  'Please generate a concise, 5-word-or-less title for the conversation',
  'Analyze this conversation and provide:\n1. The detected language of the conversation\n2. A concise title',
  'Write a concise title for this conversation in the detected language.',
];

/**
 * Whether a request is none of a person: chat clients ask the same model for titles, tags and follow-up questions, and say
 * so nowhere but in the text. Open WebUI's has a headline and the chat between tags, whatever an administrator made of it.
 */
export function isTaskPrompt(items: readonly InputItem[]): boolean {
  const text = textOfUser(items.at(-1));
  if (text.startsWith('### Task:')) return text.includes('<chat_history>');
  return titlePrompts.some((begin) => text.startsWith(begin));
}

/** The text of a user's message; empty for anything else. */
export function textOfUser(item: InputItem | undefined): string {
  if (item?.role !== 'user') return '';
  return item.parts.map((part) => (part.type === 'text' ? part.text : '')).join('');
}
