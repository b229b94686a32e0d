import { setTimeout as wait } from 'node:timers/promises';
import { type Caller, type CallerDeps, makeKey } from './caller.ts';
import { eachOf } from './each-of.ts';
import { askedNow } from './fault-bench.ts';
import { type Asked, type FaultedAgent, isRightText } from './project-files.ts';
import { readAnswer } from './read-answer.ts';
import { tellRefusal } from './tell-refusal.ts';
import type { CallEnd } from './witness.ts';

const pollMs = 60;

/** Starts runs in the background and follows each to its end: one that was acknowledged has one, and only one. */
export async function createBackgroundCaller(deps: CallerDeps): Promise<Caller> {
  const { bench, send } = deps;
  const { witness } = bench;
  const who = 'background';
  const made = await makeKey(deps);
  /** Id → how it ended. */
  const ended = new Map<string, string>();

  const begin = async (agent: FaultedAgent, asked: Asked): Promise<string | null> => {
    const fromMs = performance.now();
    const body = { model: agent.model, input: asked.word, background: true };
    const sent = await send('/v1/responses', { key: made.key, method: 'POST', body });
    if (sent.type === 'answer' && sent.status === 200) return JSON.parse(sent.text).id;
    tellRefusal(witness, { who, fromMs, sent });
    return null;
  };

  const follow = async (id: string, fromMs: number): Promise<string> => {
    for (;;) {
      const shown = await send(`/v1/responses/${id}`, { key: made.key });
      const isShown = shown.type === 'answer' && shown.status === 200;
      if (isShown && !/"status":"(queued|in_progress)"/.test(shown.text)) return shown.text;
      const mayFail =
        shown.type === 'cut'
          ? witness.wasDownSince(fromMs)
          : shown.status >= 500 && witness.isDisturbedSince(fromMs);
      if (!isShown && !mayFail) return shown.text;
      await wait(pollMs);
    }
  };

  const judge = (agent: FaultedAgent, text: string, asked: Asked): CallEnd => {
    const { status, error } = JSON.parse(text);
    if (status === 'completed') {
      const answer = readAnswer(text).text;
      if (isRightText(agent, answer, asked)) return { type: 'right' };
      return { type: 'wrong', what: `${asked.word} got another answer: ${answer}` };
    }
    if (status !== 'failed') return { type: 'wrong', what: `a queued response became ${text}` };
    // As a gateway's death: nobody knows how far it came.
    if (error?.code === 'run_lost') return { type: 'cut', why: 'run_lost' };
    return { type: 'error', code: error?.code ?? null };
  };

  return {
    who,
    ...made,
    async step(count) {
      const agent = bench.agents[count % bench.agents.length];
      if (!agent) return;
      const asked = askedNow(bench, `${who}-${count}`);
      const fromMs = performance.now();
      const id = await begin(agent, asked);
      if (id === null) return;
      const text = await follow(id, fromMs);
      witness.saw(who, fromMs, judge(agent, text, asked));
      ended.set(id, JSON.parse(text).status);
    },
    async check() {
      const lost = await eachOf([...ended], async ([id, status]) => {
        const shown = await send(`/v1/responses/${id}`, { key: made.key });
        const now = shown.type === 'answer' ? JSON.parse(shown.text).status : shown.why;
        return now === status ? [] : [`${id} was ${status}, and is ${now}`];
      });
      return lost.flat();
    },
  };
}
