import type { Attachment, Question, Settings, Turn } from './chat-types.ts';

/** What nobody has set. */
export const noSettings: Settings = {
  system: '',
  temperature: '',
  topP: '',
  maxTokens: '',
  reasoningEffort: '',
  verbosity: '',
  seed: '',
  stop: '',
};

type Part =
  | { readonly type: 'text'; readonly text: string }
  | { readonly type: 'image_url'; readonly image_url: { readonly url: string } }
  | {
      readonly type: 'file';
      readonly file: { readonly file_data: string; readonly filename: string };
    };

/** A message of a conversation. */
export type Message =
  | { readonly role: 'system' | 'assistant'; readonly content: string }
  | { readonly role: 'user'; readonly content: string | Part[] };

/** What the gateway is asked for a question: the whole conversation before it, and only those settings that are set. */
export function chatBody(asked: {
  readonly agentId: string;
  readonly before: readonly Turn[];
  readonly question: Question;
  readonly settings: Settings;
}) {
  const { agentId, before, question, settings } = asked;
  const system = settings.system.trim();
  const messages: Message[] = [
    ...(system === '' ? [] : [{ role: 'system' as const, content: system }]),
    ...before.flatMap(messagesOf),
    { role: 'user', content: contentOf(question) },
  ];
  return { model: agentId, messages, ...sentSettings(settings) };
}

function messagesOf({ question, answer }: Turn): Message[] {
  const asked: Message = { role: 'user', content: contentOf(question) };
  return answer.text === '' ? [asked] : [asked, { role: 'assistant', content: answer.text }];
}

function contentOf({ text, attachments }: Question): string | Part[] {
  if (attachments.length === 0) return text;
  return [...(text === '' ? [] : [{ type: 'text' as const, text }]), ...attachments.map(partOf)];
}

function partOf({ kind, url, name }: Attachment): Part {
  return kind === 'image'
    ? { type: 'image_url', image_url: { url } }
    : { type: 'file', file: { file_data: url, filename: name } };
}

/** What chat completions call each setting. */
export const sentAs = {
  temperature: 'temperature',
  topP: 'top_p',
  maxTokens: 'max_completion_tokens',
  reasoningEffort: 'reasoning_effort',
  verbosity: 'verbosity',
  seed: 'seed',
  stop: 'stop',
} as const;

function sentSettings(settings: Settings) {
  return {
    ...numberOf(sentAs.temperature, settings.temperature),
    ...numberOf(sentAs.topP, settings.topP),
    ...numberOf(sentAs.maxTokens, settings.maxTokens),
    ...numberOf(sentAs.seed, settings.seed),
    ...textOf(sentAs.reasoningEffort, settings.reasoningEffort),
    ...textOf(sentAs.verbosity, settings.verbosity),
    ...textOf(sentAs.stop, settings.stop),
  };
}

function numberOf<Name extends string>(name: Name, written: string) {
  const value = Number(written);
  return written.trim() === '' || Number.isNaN(value)
    ? {}
    : ({ [name]: value } as Readonly<Record<Name, number>>);
}

function textOf<Name extends string>(name: Name, value: string) {
  return value.trim() === '' ? {} : ({ [name]: value } as Readonly<Record<Name, string>>);
}
