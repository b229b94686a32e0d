import { type Attack, type AttackGroup, verdict } from '../attack.ts';
import { packed, readTwice } from './bodies.ts';
import { ended, nobody, purposes, twice } from './credentials.ts';
import { databases } from './injections.ts';
import { afterwards, ownership, repeats } from './kept.ts';
import { grants, planting } from './rights.ts';
import { audiences, disguised } from './routes.ts';
import { behind, hiddenRequests, joined } from './smuggling.ts';
import { labels, meanings } from './told-texts.ts';

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

/** Credentials that are none, and several at once. */
export const credentials: AttackGroup = {
  heading: 'Who calls',
  attacks: [strangers, nobody, twice, ended],
};

/** What is secret for one purpose. */
export const crossed: AttackGroup = { heading: 'Secrets of one purpose', attacks: [purposes] };

/** Texts of callers that reach the store. */
export const injections: AttackGroup = { heading: 'Questions to the store', attacks: [databases] };

/** Routes, and what tells them apart. */
export const ways: AttackGroup = {
  heading: 'Whom a route is for',
  attacks: [audiences, disguised],
};

/** Requests whose end two readers see at different places. */
export const smuggling: AttackGroup = {
  heading: 'One request, two readers',
  attacks: [hiddenRequests, joined, behind],
};

/** Bodies that are read in two ways. */
export const twoReadings: AttackGroup = {
  heading: 'One body, two readings',
  attacks: [readTwice, packed],
};

/** Rights that grow. */
export const growth: AttackGroup = { heading: 'Rights that grow', attacks: [grants, planting] };

/** What is kept, and whose it is. */
export const kept: AttackGroup = {
  heading: 'What is kept for somebody',
  attacks: [ownership, afterwards],
};

/** Answers that are given again. */
export const again: AttackGroup = { heading: 'Answers given again', attacks: [repeats] };

/** Texts that mean something to whoever reads them. */
export const meant: AttackGroup = {
  heading: 'Texts that mean something',
  attacks: [meanings, labels],
};
