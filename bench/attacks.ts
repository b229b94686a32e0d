/**
 * `node bench/attacks.ts [words]`: tries to break what `docs/systems/security.md` promises, against gateways started for
 * it on loopback, with modules in both languages, and prints a table of verdicts. Ends with 1 where something broke.
 * Words pick the attacks whose heading or title holds them.
 */
import type { Attack, Language, Verdict } from './attacks/attack.ts';
import { groups } from './attacks/groups.ts';
import { withVictim } from './attacks/victim.ts';

const words = process.argv.slice(2).join(' ').toLowerCase();

console.log('| attack | language | verdict | seen |\n| --- | --- | --- | --- |');
for (const { heading, attacks } of groups) {
  const chosen = attacks.filter(({ title }) => `${heading} ${title}`.toLowerCase().includes(words));
  for (const attack of chosen) {
    for (const language of attack.languages)
      report(heading, attack, language, await tried(attack, language));
  }
}

/** An attempt that fails by itself proves nothing: it counts as broken, so that somebody looks. */
async function tried(attack: Attack, language: Language): Promise<Verdict> {
  try {
    return await withVictim((victim) => attack.attempt(language, victim));
  } catch (error) {
    return { outcome: 'broke', detail: `the attempt failed: ${String(error)}` };
  }
}

function report(
  heading: string,
  { title }: Attack,
  language: Language,
  { outcome, detail }: Verdict,
) {
  const seen = detail.replaceAll('|', '\\|').replaceAll(/\s+/g, ' ').slice(0, 200);
  console.log(`| ${heading}: ${title} | ${language} | ${outcome} | ${seen} |`);
  if (outcome === 'broke') process.exitCode = 1;
}
