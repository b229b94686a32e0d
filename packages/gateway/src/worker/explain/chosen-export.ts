import { basename } from 'node:path';
import type { Finding } from '../../protocol/diagnostics.ts';
import type { Reason, TopLevel } from '../load/choose-agent.ts';
import type { PickedExport } from '../load/pick-export.ts';
import { exportLine } from './export-line.ts';
import { type FailureContext, locate } from './failure-context.ts';
import { hiddenHint } from './missed/inner-agent.ts';

/** Says which agent is served and why, where nothing in the file names it; empty where something does. */
export function explainChoice(
  { exportName, reason }: PickedExport,
  topLevel: TopLevel,
  { load, sources }: Pick<FailureContext, 'load' | 'sources'>,
): Finding[] {
  if (!reason) return [];
  const { facts } = topLevel;
  const isHidden = reason.because === 'run_inside';
  const file = basename(load.entry);
  const place = isHidden ? { line: reason.line, column: 1 } : facts.places[exportName];
  return [
    {
      stage: 'export',
      code: 'agent_chosen',
      severity: 'info',
      message: `\`${exportName}\` is served: ${because(reason, file)}.`,
      ...locate(load.entry, place ?? null, sources),
      hint: isHidden
        ? `That run waits for good. To make it explicit: ${hiddenHint({ topLevel, file })}`
        : `To make that explicit, add \`${exportLine(exportName, facts)}\`.`,
    },
  ];
}

function because(reason: Reason, file: string): string {
  switch (reason.because) {
    case 'started':
      return `${file} starts it in line ${reason.line}`;
    case 'run_inside':
      return `${file} builds it inside a function, and runs it in line ${reason.line}`;
    case 'root': {
      const others = reason.others.map((name) => `\`${name}\``).join(', ');
      return `it leads to the other agents of ${file} (${others})`;
    }
    case 'only':
      return `it is the only agent of ${file}`;
    case 'workflow':
      return 'it has the name of what Agent Builder exports';
    default:
      return reason satisfies never;
  }
}
