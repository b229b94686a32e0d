import { isAgentClass, isClass } from '../../agent-shape.ts';
import { placeOf } from '../code-place.ts';
import { exportLine } from '../export-line.ts';
import { declarationOf, listed, type MissedExport, type Source, shown } from './missed-export.ts';

/** A class of agents, of which nobody made one. */
export function findClass(source: Source): MissedExport | null {
  const { exports, text, exportNames } = source;
  const isMeant = (name: string) =>
    isAgentClass(exports[name]) ||
    (isClass(exports[name]) && (exportNames.includes(name) || /agent$/i.test(name)));
  const name = Object.keys(exports).find(isMeant);
  if (!name) return null;
  return {
    code: 'class_exported',
    message: `${shown(name)} is a class, not an instance.`,
    place: placeOf(text, declarationOf(name)),
    hint: isAgentClass(exports[name])
      ? instanceHint(exports[name], source)
      : `Give it a method \`run({ messages })\` that returns the answer. ${instanceHint(exports[name], source)}`,
  };
}

const agentField = /(?:\bthis\.|[{;\n]\s*)([A-Za-z_$][\w$]*)\s*=\s*new\s+Agent\s*\(/;

/** A class, exported or not, of which each instance builds an agent. */
export function findBuildingClass({ topLevel: { values, facts } }: Source): MissedExport | null {
  for (const name of facts.declared) {
    const value = values[name];
    const field = isClass(value) ? agentField.exec(String(value))?.[1] : undefined;
    if (field === undefined) continue;
    const { written, needs } = argumentsOf(value);
    const given = needs.length > 0 ? `, with ${listed(needs)} written out` : '';
    return {
      code: 'class_exported',
      message: `\`${name}\` is a class, which builds an agent when an instance is made: its \`${field}\`.`,
      place: facts.places[name] ?? null,
      hint: `Export that of an instance: \`${lineOf(`new ${name}(${written}).${field}`, facts)}\`${given}.`,
    };
  }
  return null;
}

function instanceHint(value: unknown, { topLevel: { facts }, text }: Source): string {
  const named = typeof value === 'function' && value.name !== 'default' ? value.name : '';
  const { written, needs } = argumentsOf(value);
  const given = needs.length > 0 ? `, with ${listed(needs)} written out` : '';
  const isInScope = [...facts.declared, ...facts.imported].includes(named);
  if (isInScope)
    return `Export an instance: \`${lineOf(`new ${named}(${written})`, facts)}\`${given}.`;
  const name = named || 'MyAgent';
  const before = facts.isCommonJs ? /module\.exports\s*=\s*class/ : /export default class/;
  const [was] = before.exec(text) ?? [];
  if (was === undefined)
    return `Export an instance: \`export const agent = new ${name}(${written});\`${given}.`;
  const line = facts.isCommonJs
    ? `module.exports = new ${name}(${written});`
    : `export default new ${name}(${written});`;
  const shownWas = named === '' ? was : `${was} ${named}`;
  return `Write \`class ${name}\` in place of \`${shownWas}\`, and add \`${line}\`${given}.`;
}

function lineOf(expression: string, facts: Source['topLevel']['facts']): string {
  const isFree = !facts.isCommonJs && ![...facts.declared, ...facts.imported].includes('agent');
  return isFree ? `export const agent = ${expression};` : exportLine(expression, facts);
}

/** What its constructor is to be given: as it is written in brackets, and the names in there that have no value yet. */
function argumentsOf(value: unknown): { written: string; needs: string[] } {
  // The SDK's own: what it is given is written by its users.
  const isOfSdk = typeof value === 'function' && value.name === 'Agent' && isAgentClass(value);
  if (isOfSdk) return { written: "{ name: '…', instructions: '…' }", needs: [] };
  const text = Function.prototype.toString.call(value);
  const list = /\bconstructor\s*\(([^)]*)\)/.exec(text)?.[1];
  if (list === undefined) {
    const parent: unknown = Object.getPrototypeOf(value);
    return isClass(parent) ? argumentsOf(parent) : { written: '', needs: [] };
  }
  const needs = list.split(',').flatMap((each) => /^\s*(\w+)\s*$/.exec(each)?.[1] ?? []);
  return { written: needs.join(', '), needs };
}
