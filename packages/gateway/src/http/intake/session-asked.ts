import type { IncomingMessage } from 'node:http';
import { GatewayError } from '../../errors.ts';
import type { InputItem, RunInput } from '../../protocol/run.ts';
import { isTaskPrompt, textOfUser } from '../../protocol/task-prompts.ts';
import { headerValues } from './header-values.ts';

/** What a request names a session by: where it says so, and what. */
export type SessionNames = readonly { readonly field: string; readonly name: string }[];

type Source = {
  readonly field: string;
  /** Whether those who use it send the whole history each time. */
  readonly sendsHistory: boolean;
  /** What stands there where there is no chat that lasts. */
  readonly none: RegExp;
};

const openWebUi = 'x-openwebui-chat-id';

const sources: readonly Source[] = [
  { field: 'x-session-id', sendsHistory: false, none: /^$/ },
  { field: 'metadata.session_id', sendsHistory: false, none: /^$/ },
  { field: openWebUi, sendsHistory: true, none: /^$|^local:/ },
  {
    field: 'x-librechat-conversation-id',
    sendsHistory: true,
    // A new chat has no id yet, and a template that is not filled in is none.
    none: /^$|^(new|null|undefined)$|^\{\{/,
  },
];

/** Longest name of a session, in characters. */
const longestName = 256;

/** The names of sessions in a request; none where a chat client asks for titles and the like, which are no turns. */
export function sessionNames(
  request: Pick<IncomingMessage, 'headers' | 'rawHeaders'>,
  { metadata, items }: Pick<RunInput, 'metadata' | 'items'>,
): SessionNames {
  const names = sources.flatMap(({ field, none }) => {
    const given = field.startsWith('metadata.')
      ? [metadata[field.slice('metadata.'.length)] ?? '']
      : headerValues(request, field);
    return given.filter((name) => !none.test(name)).map((name) => ({ field, name }));
  });
  const isOpenWebUi = names.some(({ field }) => field === openWebUi);
  const isTask = isTaskPrompt(items) || (isOpenWebUi && isTaskOfClient(items.at(-1)));
  return isTask ? [] : names;
}

/** The headers of a request that may name sessions, as they came. */
export function sessionHeaders(
  request: Pick<IncomingMessage, 'headers' | 'rawHeaders'>,
): readonly (readonly string[])[] {
  return sources.map(({ field }) => headerValues(request, field));
}

/**
 * The session that a request is a turn of.
 *
 * @throws GatewayError `invalid_value` where it names two, or what is no name.
 */
export function sessionNamed(names: SessionNames): {
  readonly name: string;
  readonly sendsHistory: boolean;
} {
  for (const { field, name } of names) if (!isName(name)) throw noName(field);
  const [first] = names;
  const other = names.find(({ name }) => name !== first?.name);
  if (!first || other) throw two(first?.field ?? '', other?.field ?? '');
  const sendsHistory = names.some(
    ({ field }) => sources.find((source) => source.field === field)?.sendsHistory,
  );
  return { name: first.name, sendsHistory };
}

/** Open WebUI asks the same model for titles, tags and follow-ups, with the id of the chat. */
function isTaskOfClient(last: InputItem | undefined): boolean {
  return textOfUser(last).startsWith('### Task:');
}

function isName(name: string): boolean {
  return name.length <= longestName && !/\p{Cc}/u.test(name);
}

function noName(field: string): GatewayError {
  return new GatewayError(
    'invalid_value',
    `Invalid value for '${field}': the id of a session has at most ${longestName} characters, and no control characters.`,
    { param: field },
  );
}

function two(first: string, other: string): GatewayError {
  const where = first === other ? `'${first}' is sent twice` : `'${first}' and '${other}' differ`;
  return new GatewayError(
    'invalid_value',
    `The request names two sessions: ${where}. Send one id.`,
    { param: other },
  );
}
