import { type AgentShape, isAgent, isClass } from '../../agent-shape.ts';
import { type Named, rootOf } from '../../load/choose-agent.ts';
import { fieldsOf } from '../../sdk.ts';
import { placeOf } from '../code-place.ts';
import { exportLine } from '../export-line.ts';
import { declarationOf, listed, type MissedExport, type Source } from './missed-export.ts';

/** A list, a record or an object of a class that holds agents of which none has a name of its own. */
export function findHeldAgents({ exports, topLevel, text }: Source): MissedExport | null {
  const { values, facts } = topLevel;
  const own = facts.declared.map((name): Named<unknown> => [name, values[name]]);
  for (const [name, holder] of [...Object.entries(exports), ...own]) {
    const held = name === 'default' ? [] : heldAgents(name, holder);
    const [first] = held;
    if (!first) continue;
    const [expression] = rootOf(held) ?? first;
    const count = held.length === 1 ? 'an agent' : `${held.length} agents`;
    const names = held.map(([each]) => each);
    return {
      code: 'agents_in_container',
      message: `\`${name}\` holds ${count} (${listed(names)}), of which none stands by itself.`,
      place: facts.places[name] ?? placeOf(text, declarationOf(name)),
      hint: `Export the one to serve: \`${exportLine(expression, facts)}\`.`,
    };
  }
  return null;
}

/** Expressions by which the agents of a holder are reached. */
function heldAgents(name: string, holder: unknown): Named<AgentShape>[] {
  if (typeof holder !== 'object' || isAgent(holder) || isClass(holder)) return [];
  const entries: Named<unknown>[] =
    holder instanceof Map
      ? [...holder].map(([key, value]) => [`${name}.get(${JSON.stringify(key)})`, value])
      : Object.entries(fieldsOf(holder)).map(([key, value]) => [
          member(name, { holder, key }),
          value,
        ]);
  return entries.flatMap(([expression, value]): Named<AgentShape>[] =>
    isAgent(value) ? [[expression, value]] : [],
  );
}

function member(name: string, { holder, key }: { holder: unknown; key: string }): string {
  if (Array.isArray(holder)) return `${name}[${key}]`;
  return /^[A-Za-z_$][\w$]*$/.test(key) ? `${name}.${key}` : `${name}[${JSON.stringify(key)}]`;
}
