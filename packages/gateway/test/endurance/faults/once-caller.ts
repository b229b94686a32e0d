import { until } from '../../acceptance/until.ts';
import { formats, judge, questionOf, type Sent } from './ask-agent.ts';
import { type Caller, type CallerDeps, makeKey } from './caller.ts';
import { eachOf } from './each-of.ts';
import { askedNow } from './fault-bench.ts';

/** The whole ones: a stream that was read to its end is forgotten. */
const wholeForms = formats.filter(({ stream }) => !stream);

const mostRepeats = 20;
const mostChecked = 100;

type Answered = {
  readonly request: Parameters<CallerDeps['send']>[1];
  readonly path: string;
  readonly id: string;
};

/** Sends a request under a key of its own again and again until it is answered, and once more: one key, one answer. */
export async function createOnceCaller(deps: CallerDeps): Promise<Caller> {
  const { bench, send } = deps;
  const { witness } = bench;
  const who = 'once';
  const made = await makeKey(deps);
  const answers: Answered[] = [];
  return {
    who,
    ...made,
    async step(count) {
      const agent = bench.agents[count % bench.agents.length];
      const form = wholeForms[Math.floor(count / bench.agents.length) % wholeForms.length];
      if (!agent || !form) return;
      const asked = askedNow(bench, `${who}-${count}`);
      const { path, body } = questionOf(agent, asked.word, form);
      const headers = { 'idempotency-key': asked.word };
      const request = { key: made.key, method: 'POST', body, headers };
      let first = '';
      let hasAnswer = false;
      for (let repeats = 0; repeats < mostRepeats; repeats++) {
        const fromMs = performance.now();
        const sent = await send(path, request);
        const { end, id } = judge(agent, sent, asked);
        witness.saw(who, fromMs, end);
        if (end.type === 'right') {
          if (first && id !== first) witness.accuse(`${who}: a second answer for ${asked.word}`);
          if (first) {
            hasAnswer = true;
            break;
          }
          first = id;
        } else if (isFinal(sent)) break;
        await untilThere(deps, made.key);
      }
      if (hasAnswer) answers.push({ request, path, id: first });
    },
    async check() {
      const lost = await eachOf(answers.slice(-mostChecked), async ({ request, path, id }) => {
        const sent = await send(path, request);
        const isSame = sent.type === 'answer' && JSON.parse(sent.text).id === id;
        return isSame ? [] : [`the answer ${id} is not given again: ${sent.text}`];
      });
      return lost.flat();
    },
  };
}

/** Whether the gateway says that a repeat would do harm, or give the same. */
function isFinal(sent: Sent): boolean {
  return sent.type === 'answer' && sent.headers.get('x-should-retry') === 'false';
}

/** A client that was cut off looks for the gateway before it sends again. */
async function untilThere({ send }: CallerDeps, key: string): Promise<void> {
  const isThere = async () => (await send('/v1/models', { key })).type === 'answer';
  await until('the gateway to be there', isThere);
}
