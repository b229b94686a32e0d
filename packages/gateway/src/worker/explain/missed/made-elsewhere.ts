import { exportLine } from '../export-line.ts';
import type { MissedExport, Source } from './missed-export.ts';

/** An agent that the file runs inside of a function, and that a function of another file makes of arguments. */
export function findMadeElsewhere({
  topLevel: { facts },
  text,
  file,
}: Source): MissedExport | null {
  for (const { name, isTopLevel, line, column } of facts.runs) {
    if (name === null || isTopLevel) continue;
    const declared = `\\b(?:const|let|var)\\s+${name.replaceAll('$', '\\$')}\\b[^=\\n]*=\\s*`;
    const [, wait = '', maker = ''] =
      new RegExp(`${declared}(await\\s+)?([\\w$]+)\\(`).exec(text) ?? [];
    if (!facts.imported.includes(maker)) continue;
    const made = `${wait === '' ? '' : 'await '}${maker}(…)`;
    return {
      code: 'agent_in_function',
      message: `\`${name}\`, which ${file} runs in line ${line}, is made inside of a function, by \`${maker}\` of another file.`,
      place: { line, column },
      hint: `Make it at the top level too, with the arguments that it takes: \`${exportLine(made, facts)}\``,
    };
  }
  return null;
}
