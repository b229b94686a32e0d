/**
 * `node bench/attacks.ts [words]`: tries to break what `docs/systems/security.md` promises, against gateways started for
 * it on loopback, with modules in both languages. Prints what came of each attack and a table of classes, and writes
 * `bench/results/attacks.json` and the table of `bench/README.md`. Ends with 1 where something broke. With words it tries
 * only the attacks whose class or title holds them, and writes nothing.
 */
import { cpus } from 'node:os';
import type { Attack, Language, Verdict } from './attacks/attack.ts';
import { groups } from './attacks/groups.ts';
import { type AttackResults, type Tried, table, writeReport } from './attacks/report.ts';
import { type Victim, withShared, withVictim } from './attacks/victim.ts';

const words = process.argv.slice(2).join(' ').toLowerCase();

const beganMs = performance.now();
const classes = await withShared((shared) => tryAll(shared));
const results: AttackResults = {
  date: new Date().toISOString().slice(0, 10),
  machine: `${cpus().length} cores (${cpus()[0]?.model.trim() ?? 'unknown'}), Node ${process.versions.node}`,
  seconds: Math.round((performance.now() - beganMs) / 1000),
  classes,
};
console.log(`\n${table(results)}\n\n${results.seconds} seconds.`);
if (words === '') writeReport(results);
if (classes.some(({ attacks }) => attacks.some(({ outcome }) => outcome === 'broke'))) {
  process.exitCode = 1;
}

/** Tries one attack after the other, because some of them measure what others would have to wait for. */
async function tryAll(shared: Victim['shared']): Promise<AttackResults['classes']> {
  console.log('| attack | language | verdict | attempts | seen |\n| --- | --- | --- | --- | --- |');
  const all: { class: string; attacks: Tried[] }[] = [];
  for (const { heading, attacks } of groups) {
    const chosen = attacks.filter(({ title }) =>
      `${heading} ${title}`.toLowerCase().includes(words),
    );
    const tried: Tried[] = [];
    for (const attack of chosen) {
      for (const language of attack.languages) {
        tried.push(report(heading, attack, language, await tryOne(attack, language, shared)));
      }
    }
    if (tried.length > 0) all.push({ class: heading, attacks: tried });
  }
  return all;
}

/** An attempt that fails by itself proves nothing: it counts as broken, so that somebody looks. */
async function tryOne(
  attack: Attack,
  language: Language,
  shared: Victim['shared'],
): Promise<Verdict> {
  try {
    return await withVictim((victim) => attack.attempt(language, victim), shared);
  } catch (error) {
    return { outcome: 'broke', detail: `the attempt failed: ${String(error)}` };
  }
}

function report(
  heading: string,
  { title }: Attack,
  language: Language,
  { outcome, detail, attempts = 1, open: known }: Verdict,
): Tried {
  const seen = detail.replaceAll('|', '\\|').replaceAll(/\s+/g, ' ').slice(0, 300);
  console.log(`| ${heading}: ${title} | ${language} | ${outcome} | ${attempts} | ${seen} |`);
  const open = outcome === 'broke' ? Math.min(known ?? attempts, attempts) : 0;
  return { title, language, outcome, attempts, open, seen };
}
