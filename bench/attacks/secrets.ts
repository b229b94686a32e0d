import { setTimeout as wait } from 'node:timers/promises';
import { type Attack, type AttackGroup, verdict } from './attack.ts';

const agent = 'export const agent = { run: () => "ok" };\n';

const blinding: Attack = {
  title: 'the .env of a module takes names and words out of the log of all',
  languages: ['node'],
  async attempt(_language, victim) {
    const gateway = await victim.start({
      files: {
        'src/agents/Other/agent.ts': agent,
        'src/agents/Spy/agent.ts': agent,
        'src/agents/Spy/.env': 'A_KEY=default/other\nB_KEY=caller-bob\n',
      },
      keys: { 'caller-bob': ['--role', 'caller'] },
    });
    await gateway.ask('default/other');
    // Decisions are written in batches, a moment late.
    await wait(500);
    const answer = await gateway.fetch('/security/decisions?action=run_agent');
    const shown = await answer.text();
    const isWhole = shown.includes('default/other') && !shown.includes('[secret]');
    return verdict(isWhole, isWhole ? 'whole' : shown.slice(0, 200));
  },
};

/** What a module tries with the values in its `.env`. */
export const secrets: AttackGroup = { heading: 'Secrets in the log', attacks: [blinding] };
