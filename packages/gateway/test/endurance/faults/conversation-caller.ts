import { judge } from './ask-agent.ts';
import { type Caller, type CallerDeps, makeKey } from './caller.ts';
import { eachOf } from './each-of.ts';
import { askedNow } from './fault-bench.ts';
import { agents } from './project-files.ts';
import { tellRefusal } from './tell-refusal.ts';

/** Turns of one conversation, after which the next one begins. */
const turnsOfOne = 20;
const mostItems = 100;

/** Takes turns of conversations with an agent: each that was acknowledged is in its conversation once, in order. */
export async function createConversationCaller(deps: CallerDeps): Promise<Caller> {
  const { bench, send } = deps;
  const { witness } = bench;
  const who = 'conversation';
  const agent = agents[2];
  const made = await makeKey(deps);
  /** Conversation → words whose turns were acknowledged. */
  const turns = new Map<string, string[]>();
  let open = '';

  const begin = async (): Promise<string> => {
    const fromMs = performance.now();
    const sent = await send('/v1/conversations', { key: made.key, method: 'POST', body: {} });
    const isMade = sent.type === 'answer' && sent.status === 200;
    if (isMade) return JSON.parse(sent.text).id;
    tellRefusal(witness, { who, fromMs, sent });
    return '';
  };

  return {
    who,
    ...made,
    async step(count) {
      if (!open || (turns.get(open)?.length ?? 0) >= turnsOfOne) open = await begin();
      if (!open) return;
      const asked = askedNow(bench, `${who}-${count}`);
      const body = { model: agent.model, input: asked.word, conversation: open };
      const fromMs = performance.now();
      const sent = await send('/v1/responses', { key: made.key, method: 'POST', body });
      const { end } = judge(agent, sent, asked);
      witness.saw(who, fromMs, end);
      if (end.type === 'right') turns.set(open, [...(turns.get(open) ?? []), asked.word]);
    },
    async check() {
      const lost = await eachOf([...turns], async ([id, words]) => {
        const path = `/v1/conversations/${id}/items?order=asc&limit=${mostItems}`;
        const shown = await send(path, { key: made.key });
        const { data = [] } = JSON.parse(shown.text) as { data?: readonly { content: unknown }[] };
        const texts = data.map(({ content }) => JSON.stringify(content));
        const said = texts.flatMap((text) => /"text":"(conversation-\d+)"/.exec(text)?.[1] ?? []);
        const seen = said.filter((word) => words.includes(word));
        return seen.join() === words.join()
          ? []
          : [`${id} has ${seen.join()}, not ${words.join()}`];
      });
      return lost.flat();
    },
  };
}
