import { lockedPackages } from './lock-file.ts';
import type { Part } from './part.ts';
import type { NightlyFinding } from './report.ts';

/** What the package may depend on: nothing that binds whoever uses it. */
const allowed: ReadonlySet<string> = new Set([
  '0BSD',
  'Apache-2.0',
  'BSD-2-Clause',
  'BSD-3-Clause',
  'BlueOak-1.0.0',
  'CC0-1.0',
  'ISC',
  'MIT',
  'MIT-0',
  'Python-2.0',
  'Unlicense',
]);

/** What tools may have beside: nothing of them is published. */
const allowedForTools: ReadonlySet<string> = new Set([...allowed, 'MPL-2.0']);

/** Packages whose licence is not on the list of what may be used; those of other platforms may tell none. */
export const licences: Part = async ({ root }) => {
  const packages = await lockedPackages(root);
  const findings: NightlyFinding[] = packages
    .filter(({ license, isTool }) => license !== null && !isAllowed(license, isTool))
    .map(({ name, version, license }) => ({
      what: `${name} ${version} is under ${license}.`,
      fix: 'Use another package, or add the licence to the list in scripts/nightly/licences.ts.',
    }));
  const silent = packages.filter(({ license }) => license === null).map(({ name }) => name);
  const told = packages.length - silent.length;
  const notes = [`${told} of ${packages.length} packages of the lock file name a licence.`];
  return {
    findings,
    notes: silent.length > 0 ? [...notes, `Without one: ${silent.join(', ')}.`] : notes,
  };
};

/** Whether a licence, as SPDX writes it, leaves a choice that is allowed (`A OR B`), and all that it adds (`A AND B`). */
export function isAllowed(license: string, isTool: boolean): boolean {
  const list = isTool ? allowedForTools : allowed;
  return license
    .replaceAll(/[()]/g, '')
    .split(/\s+OR\s+/)
    .some((choice) => choice.split(/\s+AND\s+/).every((one) => list.has(one.trim())));
}
