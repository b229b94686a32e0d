import { fieldThatIsNoList } from '../../agent-shape.ts';
import { placeOf } from '../code-place.ts';
import { declarationOf, type MissedExport, type Source } from './missed-export.ts';

/** An agent of which a list is no list: the SDK makes it, and fails of it in every run. */
export function findMalformedAgent({ exports, topLevel, text }: Source): MissedExport | null {
  const all = { ...topLevel.values, ...exports };
  const name = Object.keys(all).find((key) => fieldThatIsNoList(all[key]) !== null);
  const field = name === undefined ? null : fieldThatIsNoList(all[name]);
  if (name === undefined || field === null) return null;
  return {
    code: field === 'tools' ? 'bad_tool' : 'bad_handoff',
    message: `\`${field}\` of \`${name}\` is no list.`,
    place: topLevel.facts.places[name] ?? placeOf(text, declarationOf(name)),
    hint: `Put what it holds in brackets: \`${field}: [ … ]\`.`,
  };
}
