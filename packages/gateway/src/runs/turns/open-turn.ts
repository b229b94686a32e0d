import { GatewayError } from '../../errors.ts';
import type { InputItem } from '../../protocol/run.ts';
import type { Turn } from '../../protocol/state/turns.ts';
import { about, type BeforeTurn, whatCameBefore } from './before-turn.ts';
import { busy, claimNext, held } from './claim-turn.ts';
import { hashesOf, sessionId } from './session.ts';
import type {
  OpenTurnDeps,
  OpenTurnOf,
  SessionWanted,
  TurnAnswer,
  TurnAsked,
} from './turn-types.ts';

/** Makes what opens turns. */
export function createOpenTurn(deps: OpenTurnDeps): OpenTurnOf {
  const waiting = new Map<string, number>();
  return async (wantedAs) => {
    const { wanted, signal } = wantedAs;
    const isKept = wanted.keeps && deps.settings().keepDays > 0;
    if (wanted.outlives && !isKept) throw notKept();
    const conversationId = await conversationOf(deps, wantedAs);
    const asked = { ...wantedAs, wanted: { ...wanted, conversationId } };
    const claim =
      conversationId === null ? null : await claimNext(deps, { conversationId, signal }, waiting);
    const end = claim ? held(deps, claim) : async () => undefined;
    let isThere = false;
    try {
      const before = await whatCameBefore(deps, asked);
      return {
        items: [...before.leading, ...before.items, ...before.own],
        conversationId,
        boundTo: before.agentId,
        isKept,
        takesItems: isKept || claim !== null,
        async outlive(answer, agentId) {
          const turn = turnOf(answer, { asked, before, agentId });
          const aliveUntilMs = deps.living.add(answer.id);
          try {
            isThere = await deps.store.put({ ...turn, createdMs: deps.nowMs(), aliveUntilMs });
            if (!isThere) throw busy();
          } catch (error) {
            deps.living.remove(answer.id);
            throw error;
          }
        },
        async keep(answer, agentId) {
          if (!isKept && !claim) return;
          const turn = turnOf(answer, { asked, before, agentId });
          const isNext = answer.status === 'completed' || answer.status === 'incomplete';
          const shown = isKept ? turn : { ...turn, answer: null };
          const at = { ...shown, createdMs: deps.nowMs(), aliveUntilMs: null };
          deps.living.remove(answer.id);
          const keep = isThere ? deps.store.replace : deps.store.put;
          const isKeptNow = await (isNext && claim ? keep(at, claim) : keep(at));
          // Of what failed, or whose caller removed it meanwhile, there is nothing to say.
          if (!isKeptNow && isNext && !isThere) throw busy();
        },
        end,
      };
    } catch (error) {
      await end();
      throw error;
    }
  };
}

/** The conversation that a turn is one of; that of a session is made where it is not there yet. */
async function conversationOf(
  deps: OpenTurnDeps,
  { keyId, wanted }: TurnAsked,
): Promise<string | null> {
  const { session, conversationId } = wanted;
  if (session) return conversationOfSession(deps, keyId, session);
  if (conversationId === null) return null;
  await about('conversationId', deps.kept.conversation(keyId, conversationId));
  return conversationId;
}

async function conversationOfSession(
  { store, nowMs }: OpenTurnDeps,
  keyId: string,
  session: SessionWanted,
): Promise<string> {
  const id = sessionId(keyId, session);
  if (await store.conversations.find(id)) return id;
  const { agentId, name } = session;
  const metadata = { session_id: name };
  await store.conversations.create({
    id,
    keyId,
    agentId,
    createdMs: nowMs(),
    metadata,
    headId: null,
  });
  return id;
}

type Taken = {
  readonly asked: TurnAsked;
  readonly before: BeforeTurn;
  readonly agentId: string | null;
};

function turnOf(answer: TurnAnswer, taken: Taken): Omit<Turn, 'createdMs' | 'aliveUntilMs'> {
  const { asked, before, agentId } = taken;
  const { own, id: previousId, hash } = before;
  const suffix = answer.id.slice(answer.id.indexOf('_') + 1);
  return {
    ...answer,
    keyId: asked.keyId,
    agentId,
    previousId,
    conversationId: asked.wanted.conversationId,
    events: answer.events ?? null,
    prefixHash: hash === null ? null : hashAfter(hash, own, answer.answer),
    input: own.map((item, index) => ({ id: `${prefixOf(item)}_${suffix}_i${index}`, item })),
  };
}

/** The hash of all that the caller sees by the end of a turn. */
function hashAfter(before: string, own: readonly InputItem[], said: string): string {
  const answer = said === '' ? [] : [{ role: 'assistant', text: said } as const];
  return hashesOf([...own, ...answer], before).at(-1) ?? before;
}

/** What ids of such an item begin with. */
export function prefixOf({ role }: InputItem): string {
  if (role === 'tool_call') return 'fc';
  return role === 'tool_result' ? 'fco' : 'msg';
}

function notKept(): GatewayError {
  return new GatewayError(
    'unsupported_value',
    'A run that goes on without its caller has to be kept, and this one is not.',
    { param: 'outlives' },
  );
}
