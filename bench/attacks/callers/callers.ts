import { type Attack, type AttackGroup, verdict } from '../attack.ts';

const strangers: Attack = {
  title: 'a request without a key, and one with a key nobody made, reach an agent',
  languages: ['node'],
  async attempt(_language, victim) {
    const gateway = await victim.start({ files: {} });
    const answers = await Promise.all(
      ['', `dg_${'A'.repeat(43)}`].map((key) => gateway.fetch('/v1/models', { key })),
    );
    const statuses = answers.map(({ status }) => status);
    return verdict(statuses.join() === '401,401', statuses.join(', '));
  },
};

/** What callers try without a right to anything. */
export const callers: AttackGroup = { heading: 'Callers', attacks: [strangers] };
