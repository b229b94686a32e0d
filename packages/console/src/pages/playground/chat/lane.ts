import type { Answer, Lane, Turn } from './chat-types.ts';
import { newId } from './new-id.ts';

const root = 'root';

/** A conversation without a turn. */
export const emptyLane: Lane = { turns: {}, chosen: {} };

/** The turns that are shown, first to last. */
export function pathOf({ turns, chosen }: Lane): readonly Turn[] {
  const path: Turn[] = [];
  let turn = turns[chosen[root] ?? ''];
  while (turn) {
    path.push(turn);
    turn = turns[chosen[turn.id] ?? ''];
  }
  return path;
}

/** The turns that stand for the same place, this one among them, in the order in which they were made. */
export function siblingsOf({ turns }: Lane, { parentId }: Turn): readonly Turn[] {
  return Object.values(turns).filter((turn) => turn.parentId === parentId);
}

/** A turn that is asked now. */
export function beginTurn(asked: Pick<Turn, 'parentId' | 'agentId' | 'question'>): Turn {
  const { parentId, agentId, question } = asked;
  return { id: newId(), parentId, agentId, question, answer: beginAnswer() };
}

/** Adds a turn, which is shown from now on. */
export function withTurn(lane: Lane, turn: Turn): Lane {
  return choose({ ...lane, turns: { ...lane.turns, [turn.id]: turn } }, turn);
}

/** Shows a turn in place of those that stand beside it. */
export function choose(lane: Lane, { id, parentId }: Turn): Lane {
  return { ...lane, chosen: { ...lane.chosen, [parentId ?? root]: id } };
}

/** Puts an answer in place of the one that a turn has. */
export function withAnswer(lane: Lane, turnId: string, answer: Answer): Lane {
  const turn = lane.turns[turnId];
  if (!turn) return lane;
  return { ...lane, turns: { ...lane.turns, [turnId]: { ...turn, answer } } };
}

function beginAnswer(): Answer {
  return {
    status: 'running',
    text: '',
    thought: '',
    steps: [],
    runIds: [],
    usage: null,
    ignored: [],
    reason: null,
    failure: null,
    startedMs: performance.now(),
    firstMs: null,
    endedMs: null,
  };
}
