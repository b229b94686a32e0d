import { GatewayError } from '../../errors.ts';
import type { InputItem } from '../../protocol/run.ts';
import { hashesOf } from '../../protocol/state/said-hashes.ts';
import { readLine } from './kept-turns.ts';
import type { OpenTurnDeps, SessionWanted, TurnAsked, TurnWanted } from './turn-types.ts';

/** Most that comes before a turn: what a model takes is far less. */
const most = { items: 10_000, letters: 24 * 1024 * 1024 };

/** What a turn follows. */
export type BeforeTurn = {
  readonly id: string | null;
  readonly agentId: string | null;
  readonly items: readonly InputItem[];
  /** Items of the input that are of this run alone, and those that are new in the conversation. */
  readonly leading: readonly InputItem[];
  readonly own: readonly InputItem[];
  /** Of a session: the hash of all that came before; null for any other. */
  readonly hash: string | null;
};

/** Tells what a turn follows. A session is known by its conversation here. */
export async function whatCameBefore(deps: OpenTurnDeps, asked: TurnAsked): Promise<BeforeTurn> {
  const { owner, wanted, items } = asked;
  const { conversationId, previousId, session } = wanted;
  if (session && conversationId !== null) {
    return beforeInSession(deps, asked, { session, conversationId });
  }
  const given = {
    leading: items.slice(0, wanted.leading),
    own: items.slice(wanted.leading),
    hash: null,
  };
  if (conversationId !== null) {
    const { headId, agentId } = await deps.kept.conversation(owner, conversationId);
    return { ...given, id: headId, agentId, items: await lineOf(deps, headId) };
  }
  if (previousId === null) return { ...given, id: null, agentId: null, items: [] };
  const found = deps.kept.turn(owner, previousId);
  const { status, isLost, agentId } = await about('previousId', found);
  if (!isLost && (status === 'queued' || status === 'in_progress')) {
    const message = `The response '${previousId}' is not finished yet. Wait for its end.`;
    throw new GatewayError('invalid_value', message, { param: 'previousId' });
  }
  return { ...given, id: previousId, agentId, items: await lineOf(deps, previousId) };
}

type InSession = { readonly session: SessionWanted; readonly conversationId: string };

/**
 * Takes what is new of a history: what stands behind the longest part of it that a turn of the session ends with. What
 * was edited or is asked again so becomes a line of its own.
 */
async function beforeInSession(
  deps: OpenTurnDeps,
  { owner, items }: TurnAsked,
  { session, conversationId }: InSession,
): Promise<BeforeTurn> {
  const { headId } = await deps.kept.conversation(owner, conversationId);
  const leading = items.filter(({ role }) => role === 'system');
  const messages = items.filter(({ role }) => role !== 'system');
  const { agentId } = session;
  const hasHistory = messages.some(({ role }) => role !== 'user');
  if (!hasHistory && !session.sendsHistory) {
    const head = headId === null ? null : await deps.store.find(headId);
    // A turn that came another way has no hash: its id stands for all that came before.
    const hash = head ? (head.prefixHash ?? head.id) : '';
    return { id: headId, agentId, items: await lineOf(deps, headId), leading, own: messages, hash };
  }
  const hashes = hashesOf(messages);
  const isAnswer = (index: number) =>
    ['assistant', 'tool_call'].includes(messages[index]?.role ?? '');
  const ends = hashes.filter((_hash, index) => isAnswer(index));
  const known = await longestKnown(deps, conversationId, ends);
  if (!known) return { id: null, agentId, items: [], leading, own: messages, hash: '' };
  const own = messages.slice(hashes.indexOf(known.hash) + 1);
  return { ...known, agentId, items: await lineOf(deps, known.id), leading, own };
}

/** Hashes that are looked for at once. */
const LOOKED_FOR = 500;

async function longestKnown(
  { store }: OpenTurnDeps,
  conversationId: string,
  hashes: readonly string[],
): Promise<{ readonly id: string; readonly hash: string } | null> {
  for (let end = hashes.length; end > 0; end -= LOOKED_FOR) {
    const some = hashes.slice(Math.max(0, end - LOOKED_FOR), end);
    const known = await store.conversations.endingWith(conversationId, some);
    const hash = some.findLast((one) => known.has(one));
    const id = hash === undefined ? undefined : known.get(hash);
    if (hash !== undefined && id !== undefined) return { id, hash };
  }
  return null;
}

/** What goes wrong, told of the part of what is wanted that it is about. */
export async function about<Found>(part: keyof TurnWanted, work: Promise<Found>): Promise<Found> {
  try {
    return await work;
  } catch (error) {
    throw error instanceof GatewayError ? error.about(part) : error;
  }
}

async function lineOf({ store }: OpenTurnDeps, id: string | null): Promise<InputItem[]> {
  if (id === null) return [];
  const items = (await readLine(store, id)).map(({ item }) => item);
  const letters = items.reduce((sum, item) => sum + lettersOf(item), 0);
  if (items.length <= most.items && letters <= most.letters) return items;
  throw new GatewayError(
    'context_too_long',
    `The conversation has ${items.length} items with ${letters} letters; ${most.items} and ${most.letters} are the most. Begin a new one.`,
  );
}

function lettersOf(item: InputItem): number {
  if ('arguments' in item) return item.arguments.length;
  if ('text' in item) return item.text.length;
  if (item.role === 'approval') return item.reason?.length ?? 0;
  return item.parts.reduce((sum, part) => sum + JSON.stringify(part).length, 0);
}
