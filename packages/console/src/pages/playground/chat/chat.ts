import type { ApiClient } from '../../../api/client.ts';
import { chatBody, noSettings } from './chat-body.ts';
import type { Answer, ChatState, Lane, Question, Settings, Turn } from './chat-types.ts';
import { createState, type State } from './create-state.ts';
import { beginTurn, choose, emptyLane, pathOf, siblingsOf, withAnswer, withTurn } from './lane.ts';
import { createRuns, type Runs } from './runs.ts';

/** What a page of chats can do. Its conversations live as long as this does, whichever page is shown. */
export type Chat = Pick<State<ChatState>, 'get' | 'subscribe'> & {
  /** Asks the agents of all lanes; the n-th lane asks the n-th agent. Does nothing without a question. */
  readonly ask: (agentIds: readonly string[]) => void;
  /** Asks a turn's question anew, maybe in other words: a branch beside it, in each lane that has a turn at this place. */
  readonly askAnew: (at: Place, question?: Question) => void;
  /** Shows the turn that stands so many places after another, or before it. */
  readonly step: (at: Place, by: number) => void;
  readonly stop: () => void;
  readonly decide: Runs['decide'];
  readonly decidedElsewhere: Runs['decidedElsewhere'];
  readonly setDraft: (change: (draft: Question) => Question) => void;
  readonly setSettings: (settings: Settings) => void;
  /** A second lane with the same conversation so far, or the first alone. */
  readonly compare: (isOn: boolean) => void;
  readonly clear: () => void;
};

/** A turn: that of a lane at this depth. */
export type Place = { readonly lane: number; readonly turn: Turn };

const noQuestion: Question = { text: '', attachments: [] };

/** Makes it. */
export function createChat(api: ApiClient): Chat {
  const state = createState<ChatState>({
    lanes: [emptyLane],
    draft: noQuestion,
    settings: noSettings,
  });
  const runs = createRuns(api, (turnId, change, soon) => {
    const put = (now: ChatState) => ({ ...now, lanes: now.lanes.map(changed(turnId, change)) });
    if (soon) state.setSoon(put);
    else state.set(put);
  });

  const begin = createBegin(state, runs);
  return {
    get: state.get,
    subscribe: state.subscribe,
    ask(agentIds) {
      const { lanes, draft } = state.get();
      if (draft.text.trim() === '' && draft.attachments.length === 0) return;
      state.set((now) => ({ ...now, draft: noQuestion }));
      for (const [index, lane] of lanes.entries()) {
        const agentId = agentIds[index];
        const parentId = pathOf(lane).at(-1)?.id ?? null;
        if (agentId) begin(index, { parentId, agentId, question: draft });
      }
    },
    askAnew(at, question) {
      const depth = depthOf(state.get().lanes[at.lane], at.turn);
      for (const [index, lane] of state.get().lanes.entries()) {
        const turn = question ? pathOf(lane)[depth] : index === at.lane ? at.turn : undefined;
        if (turn) begin(index, { ...turn, question: question ?? turn.question });
      }
    },
    step({ lane, turn }, by) {
      const own = state.get().lanes[lane] ?? emptyLane;
      const siblings = siblingsOf(own, turn);
      const next = siblings[siblings.findIndex(({ id }) => id === turn.id) + by];
      if (next) state.set(inLane(lane, (now) => choose(now, next)));
    },
    stop: runs.stop,
    decide: runs.decide,
    decidedElsewhere: runs.decidedElsewhere,
    setDraft: (change) => state.set((now) => ({ ...now, draft: change(now.draft) })),
    setSettings: (settings) => state.set((now) => ({ ...now, settings })),
    compare(isOn) {
      state.set((now) => {
        const [first = emptyLane] = now.lanes;
        return { ...now, lanes: isOn ? [first, copyOf(first)] : [first] };
      });
    },
    clear() {
      runs.stop();
      state.set((now) => ({ ...now, lanes: now.lanes.map(() => emptyLane) }));
    },
  };
}

/** Puts a turn at the end of what a lane shows of its place, and asks its agent. */
function createBegin(state: State<ChatState>, runs: Pick<Runs, 'begin'>) {
  return (lane: number, asked: Pick<Turn, 'parentId' | 'agentId' | 'question'>): void => {
    const turn = beginTurn(asked);
    let before: readonly Turn[] = [];
    state.set((now) => {
      const lanes = now.lanes.map((one, index) => (index === lane ? withTurn(one, turn) : one));
      before = pathOf(lanes[lane] ?? emptyLane).slice(0, -1);
      return { ...now, lanes };
    });
    runs.begin(turn.id, chatBody({ ...asked, before, settings: state.get().settings }));
  };
}

function inLane(lane: number, change: (lane: Lane) => Lane) {
  return (now: ChatState): ChatState => ({
    ...now,
    lanes: now.lanes.map((one, index) => (index === lane ? change(one) : one)),
  });
}

function changed(turnId: string, change: (answer: Answer) => Answer) {
  return (lane: Lane): Lane => {
    const turn = lane.turns[turnId];
    return turn ? withAnswer(lane, turnId, change(turn.answer)) : lane;
  };
}

/** A lane that goes its own way from here: what waits or runs in the first is none of its own. */
function copyOf(lane: Lane): Lane {
  const kept = pathOf(lane).filter(
    ({ answer }) => answer.status !== 'running' && answer.status !== 'waiting',
  );
  return kept.reduce(
    (copy, turn, index) => withTurn(copy, { ...turn, parentId: kept[index - 1]?.id ?? null }),
    emptyLane,
  );
}

function depthOf(lane: Lane | undefined, turn: Turn): number {
  return lane ? pathOf(lane).findIndex(({ id }) => id === turn.id) : -1;
}
