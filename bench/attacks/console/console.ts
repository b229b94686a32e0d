import type { AttackGroup } from '../attack.ts';
import { frames } from './framed.ts';
import { loginAttacks } from './logins.ts';
import { toldAttacks } from './told.ts';

/** What the console opens: its logins, its links, its files, and what it is told. */
export const consoleLogins: AttackGroup = {
  heading: 'Console',
  attacks: [...loginAttacks, ...toldAttacks, frames],
};
