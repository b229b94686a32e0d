import type { ServerResponse } from 'node:http';
import type { Sessions } from '../../policy/sessions/sessions.ts';

/** How often those whose answers go on are looked at: what ended is over within that. */
const lookEveryMs = 1000;

/** Ends answers that go on, such as streams of events, when the login that they are for ends. */
export type SessionWatch = {
  readonly add: (secret: string, answer: ServerResponse) => void;
};

/** Nothing is looked at while no answer goes on. */
export function createSessionWatch(sessions: Pick<Sessions, 'isLive'>): SessionWatch {
  const open = new Map<string, Set<ServerResponse>>();
  let isLooking = false;

  async function look(): Promise<void> {
    for (const [secret, answers] of [...open]) {
      if (await sessions.isLive(secret)) continue;
      for (const answer of answers) answer.destroy();
    }
    isLooking = open.size > 0;
    if (isLooking) lookLater();
  }
  const lookLater = () => {
    setTimeout(() => void look(), lookEveryMs).unref();
  };

  return {
    add(secret, answer) {
      const answers = open.get(secret) ?? new Set();
      open.set(secret, answers.add(answer));
      if (!isLooking) lookLater();
      isLooking = true;
      answer.once('close', () => {
        answers.delete(answer);
        if (answers.size === 0 && open.get(secret) === answers) open.delete(secret);
      });
    },
  };
}
