import { GatewayError } from '../../errors.ts';
import type { InputItem } from '../../protocol/run.ts';
import type { Owner } from '../../protocol/state/owner.ts';
import { hashesOf } from '../../protocol/state/said-hashes.ts';
import type { KeptItem, Turn } from '../../protocol/state/turns.ts';
import { about, type BeforeTurn, whatCameBefore } from './before-turn.ts';
import { busy, claimNext, held } from './claim-turn.ts';
import { sessionId } from './session.ts';
import type {
  InsteadOfAsked,
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
    const isErased = deps.erasures.watch(wantedAs.owner);
    const conversationId = await conversationOf(deps, wantedAs);
    const asked = { ...wantedAs, wanted: { ...wanted, conversationId } };
    const claim =
      conversationId === null ? null : await claimNext(deps, { conversationId, signal }, waiting);
    const end = claim ? held(deps, claim) : async () => undefined;
    let isThere = false;
    const life = lifeIn(deps.living);
    let instead: InsteadOfAsked | null = null;
    try {
      const before = await whatCameBefore(deps, asked);
      return {
        items: [...before.leading, ...before.items, ...before.own],
        conversationId,
        boundTo: before.agentId,
        isKept,
        takesItems: isKept || claim !== null,
        instead(given) {
          instead = given;
        },
        async outlive(answer, agentId) {
          if (isErased()) throw busy();
          const turn = turnOf(answer, { asked, before, agentId, instead });
          const aliveUntilMs = life.begin(answer.id);
          try {
            isThere = await deps.store.put({ ...turn, createdMs: deps.nowMs(), aliveUntilMs });
            if (!isThere) throw busy();
          } catch (error) {
            life.end();
            throw error;
          }
        },
        async keep(answer, agentId) {
          if (isErased() || (!isKept && !claim)) return;
          const turn = turnOf(answer, { asked, before, agentId, instead });
          const isNext = answer.status === 'completed' || answer.status === 'incomplete';
          const shown = isKept ? turn : { ...turn, answer: null };
          const at = { ...shown, createdMs: deps.nowMs(), aliveUntilMs: null };
          const keep = isThere ? deps.store.replace : deps.store.put;
          const isKeptNow = await keep(at, (isNext && claim) || undefined).catch(cannotKeep);
          // Of what failed, or whose caller removed it meanwhile, there is nothing to say.
          if (!isKeptNow && isNext && !isThere) throw busy();
        },
        end() {
          life.end();
          return end();
        },
      };
    } catch (error) {
      await end();
      throw error;
    }
  };
}

/** That of a run that goes on without its caller, until its answer is kept. */
function lifeIn(living: OpenTurnDeps['living']) {
  let id: string | null = null;
  return {
    begin(turnId: string): number {
      id = turnId;
      return living.add(turnId);
    },
    end() {
      if (id !== null) living.remove(id);
      id = null;
    },
  };
}

/** The conversation that a turn is one of; that of a session is made where it is not there yet. */
async function conversationOf(
  deps: OpenTurnDeps,
  { owner, wanted }: TurnAsked,
): Promise<string | null> {
  const { session, conversationId } = wanted;
  if (session) return conversationOfSession(deps, owner, session);
  if (conversationId === null) return null;
  await about('conversationId', deps.kept.conversation(owner, conversationId));
  return conversationId;
}

async function conversationOfSession(
  { store, nowMs }: OpenTurnDeps,
  owner: Owner,
  session: SessionWanted,
): Promise<string> {
  const id = sessionId(owner, session);
  if (await store.conversations.find(id)) return id;
  const { agentId, name } = session;
  const metadata = { session_id: name };
  await store.conversations.create({
    id,
    ...owner,
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
  readonly instead: InsteadOfAsked | null;
};

function turnOf(answer: TurnAnswer, taken: Taken): Omit<Turn, 'createdMs' | 'aliveUntilMs'> {
  const { asked, before, agentId, instead } = taken;
  const { own, hash } = before;
  const input = instead?.input ?? own;
  const suffix = answer.id.slice(answer.id.indexOf('_') + 1);
  return {
    ...answer,
    output: outputBeside(answer.output, input),
    ...asked.owner,
    agentId,
    previousId: before.id ?? instead?.previousId ?? null,
    conversationId: asked.wanted.conversationId,
    events: answer.events ?? null,
    prefixHash: hash === null ? null : hashAfter(hash, own, answer),
    input: input.map((item, index) => ({ id: `${prefixOf(item)}_${suffix}_i${index}`, item })),
  };
}

/** What an agent added, without the calls whose results are the input: the turn before has those calls. */
function outputBeside(
  output: readonly KeptItem[],
  input: readonly InputItem[],
): readonly KeptItem[] {
  const brought = new Set(input.map((item) => (item.role === 'tool_result' ? item.callId : null)));
  return output.filter(({ item }) => !('callId' in item && brought.has(item.callId)));
}

/** The hash of all that the caller sees by the end of a turn. */
function hashAfter(
  before: string,
  own: readonly InputItem[],
  { answer: said, output }: TurnAnswer,
): string {
  const answer = said === '' ? [] : [{ role: 'assistant', text: said } as const];
  const calls = output.flatMap(({ item, isOwn }) =>
    item.role === 'tool_call' && !isOwn ? [item] : [],
  );
  return hashesOf([...own, ...answer, ...calls], before).at(-1) ?? before;
}

/** What ids of such an item begin with. */
export function prefixOf({ role }: InputItem): string {
  switch (role) {
    case 'tool_call':
      return 'fc';
    case 'tool_result':
      return 'fco';
    case 'approval':
      return 'mcpres';
    default:
      return 'msg';
  }
}

/** Whoever asked again would have it done twice. */
function cannotKeep(cause: unknown): never {
  throw new GatewayError(
    'store_unavailable',
    'The run is over, but its answer could not be kept: the store of the gateway cannot be used now. What its tools did is done. The log has the cause.',
    { cause, mayRetry: false },
  );
}

function notKept(): GatewayError {
  return new GatewayError(
    'unsupported_value',
    'A run that goes on without its caller has to be kept, and this one is not.',
    { param: 'outlives' },
  );
}
