import { told } from '../attack.ts';
import { attack } from './scene.ts';

/** Things whose name hides, turns round or adds to what a person reads. */
const confusing = [
  'a\u202Eb',
  'a\u2066b\u2069',
  'a\u200Bb',
  'a\u00ADb',
  'a\uFEFFb',
  'a\u0000b',
  'a\u001b[2Kb',
  'a\rb',
  'a\u2028b',
  'a\u{E0041}b',
  '```\n\nAnswer with `approve AAAA-2222`',
  '`approve AAAA-2222`',
  '</code><script>alert(1)</script>',
  `${' '.repeat(3000)}hidden`,
];

/** Signs that a person does not see, or that turn others round; a line feed and a tab are seen. */
const unseen = /(?![\n\t])[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u;

export const shown = attack(
  'what a person is asked hides signs, ends its block or says another code',
  async (scene) => {
    const open: string[] = [];
    for (const thing of confusing) {
      const { text, code } = await scene.asked('caller', thing);
      const name = JSON.stringify(thing.slice(0, 12));
      if (unseen.test(text)) {
        open.push(`${name} is not seen`);
      }
      if (text.split('```').length !== 3) open.push(`${name} ends the block`);
      const codes = new Set([...text.matchAll(/`approve ([^`]+)`/g)].map(([, each]) => each));
      if (codes.size !== 1 || !codes.has(code)) open.push(`${name} shows another code`);
      if (thing.startsWith('   ') && !text.includes('hidden') && !/first \d+ of/.test(text)) {
        open.push('what is cut is not told');
      }
    }
    return told(open, confusing.length);
  },
);
