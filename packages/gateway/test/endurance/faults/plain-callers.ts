import { formats, judge, questionOf } from './ask-agent.ts';
import { type Caller, type CallerDeps, makeKey } from './caller.ts';
import { eachOf } from './each-of.ts';
import { askedNow } from './fault-bench.ts';
import type { FaultedAgent } from './project-files.ts';

/** More would only take longer to ask for. */
const mostChecked = 1000;

/** Asks one agent in every form in turn, and wants kept responses back. */
export async function createAsker(
  deps: CallerDeps,
  agent: FaultedAgent,
  limits?: object,
): Promise<Caller> {
  const { bench, send } = deps;
  const { witness } = bench;
  const who = `${agent.name.toLowerCase()}${limits ? 'budget' : ''}`;
  const made = await makeKey(deps, limits);
  const kept = new Map<string, string>();
  const shows = async (id: string, text: string): Promise<string | null> => {
    const fromMs = performance.now();
    const shown = await send(`/v1/responses/${id}`, { key: made.key });
    if (shown.type === 'answer' && shown.status === 200) {
      const told = JSON.stringify(JSON.parse(shown.text).output);
      return told.includes(JSON.stringify(text).slice(1, -1)) ? null : `${id} is now ${told}`;
    }
    const mayFail =
      shown.type === 'cut'
        ? witness.wasDownSince(fromMs)
        : shown.status >= 500 && witness.isDisturbedSince(fromMs);
    return mayFail ? null : `${id} is not there: ${shown.text}`;
  };
  return {
    who,
    ...made,
    async step(count) {
      const format = formats[count % formats.length] ?? formats[0];
      const asked = askedNow(bench, `${who}-${count}`);
      const { path, body } = questionOf(agent, asked.word, format);
      const fromMs = performance.now();
      const sent = await send(path, { key: made.key, method: 'POST', body });
      const { end, id, text } = judge(agent, sent, asked);
      witness.saw(who, fromMs, end);
      if (end.type !== 'right' || format.format === 'chat') return;
      const lost = await shows(id, text);
      if (lost) witness.accuse(`${who}: right after it was answered, ${lost}`);
      else kept.set(id, text);
    },
    async check() {
      const some = [...kept].slice(-mostChecked);
      const lost = await eachOf(some, ([id, text]) => shows(id, text));
      return lost.filter((one) => one !== null);
    },
  };
}
