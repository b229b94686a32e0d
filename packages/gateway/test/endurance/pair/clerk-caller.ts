import { type Caller, type CallerDeps, makeKey } from '../faults/caller.ts';
import { tellRefusal } from '../faults/tell-refusal.ts';

type Body = {
  readonly id?: string;
  readonly output?: readonly { readonly type: string; readonly id: string }[];
};

/** Has a run wait for a person and approves it, as a rule at the other gateway: the tool runs once, or never. */
export async function createClerkCaller(
  deps: CallerDeps,
  effects: () => Promise<readonly string[]>,
): Promise<Caller> {
  const { bench, send } = deps;
  const { witness } = bench;
  const who = 'clerk';
  const made = await makeKey(deps);
  const answered: string[] = [];

  /** The body where it was answered with 200; else what happened is told. */
  const ask = async (input: unknown): Promise<Body | null> => {
    const fromMs = performance.now();
    const body = { model: 'default/clerk', input };
    const sent = await send('/v1/responses', { key: made.key, method: 'POST', body });
    if (sent.type === 'answer' && sent.status === 200) return JSON.parse(sent.text);
    tellRefusal(witness, { who, fromMs, sent });
    return null;
  };

  return {
    who,
    ...made,
    async step(count) {
      const word = `${who}-${count}`;
      const fromMs = performance.now();
      const asked = await ask(word);
      const call = asked?.output?.find(({ type }) => type === 'mcp_approval_request');
      if (!asked) return;
      if (!call) return witness.accuse(`${word} was not asked about: ${JSON.stringify(asked)}`);
      const item = { type: 'mcp_approval_response', approval_request_id: call.id, approve: true };
      const done = await ask([item]);
      if (!done) return;
      const isRight = JSON.stringify(done.output).includes(`"Clerk 1: [stamped ${word}]"`);
      if (isRight) answered.push(word);
      const end = isRight
        ? ({ type: 'right' } as const)
        : ({ type: 'wrong', what: `${word}: ${JSON.stringify(done.output)}` } as const);
      witness.saw(who, fromMs, end);
    },
    async check() {
      const done = await effects();
      const twice = done.filter((word, at) => done.indexOf(word) !== at);
      const never = answered.filter((word) => !done.includes(word));
      return [
        ...twice.map((word) => `the tool ran twice for ${word}`),
        ...never.map((word) => `the tool never ran for ${word}`),
      ];
    },
  };
}
