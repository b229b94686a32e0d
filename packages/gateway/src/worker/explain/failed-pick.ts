import type { Finding } from '../../protocol/diagnostics.ts';
import type { ModuleExports, NoPick } from '../load/pick-export.ts';
import { placeOf } from './code-place.ts';
import { describeThrown, type FailureContext, locate } from './failure-context.ts';
import {
  declarationOf,
  factoryHint,
  findMissedExport,
  kindOf,
  type MissedExport,
} from './missed-exports.ts';

/** Says why nothing a module exports can be served, what comes near, and the edit that fixes it. */
export function explainFailedPick(
  noPick: NoPick,
  exports: ModuleExports,
  context: FailureContext,
): Finding {
  const { code, message, hint, place } = explain(noPick, exports, context);
  const { load, sources } = context;
  return {
    stage: 'export',
    code,
    severity: 'error',
    message,
    ...locate(load.entry, place, sources),
    hint,
  };
}

function explain(noPick: NoPick, exports: ModuleExports, context: FailureContext): MissedExport {
  switch (noPick.kind) {
    case 'several':
      return explainSeveral(noPick.exportNames, context);
    case 'empty_factory':
      return explainFactory(noPick, context);
    case 'hungry_factory':
      return explainHungryFactory(noPick, context);
    case 'none':
      return explainNone(exports, context);
    default:
      return noPick satisfies never;
  }
}

function explainSeveral(names: readonly string[], context: FailureContext): MissedExport {
  const list = names.map((name) => `\`${name}\``).join(', ');
  return {
    code: 'several_agents',
    message: `${context.load.modulePath} exports ${names.length} agents (${list}), and none of them hands off to all others.`,
    place: placeOfExport(names[0] ?? '', context),
    hint: `Name the one to serve: \`export default ${names[0]};\`.`,
  };
}

function explainFactory(
  { exportName, result }: Extract<NoPick, { kind: 'empty_factory' }>,
  context: FailureContext,
): MissedExport {
  return {
    code: 'factory_without_agent',
    message: `\`${exportName}()\` in ${context.load.modulePath} returned ${kindOf(result)}, not an agent.`,
    place: placeOfExport(exportName, context),
    hint: `Return an \`Agent\` from \`${exportName}\`.`,
  };
}

function explainHungryFactory(
  { exportName, thrown }: Extract<NoPick, { kind: 'hungry_factory' }>,
  context: FailureContext,
): MissedExport {
  return {
    code: 'factory_needs_arguments',
    message: `\`${exportName}\` in ${context.load.modulePath} takes arguments, but a factory is called with none: ${describeThrown(thrown)}`,
    place: placeOfExport(exportName, context),
    hint: factoryHint(exportName),
  };
}

function explainNone(exports: ModuleExports, context: FailureContext): MissedExport {
  const missed = findMissedExport(exports, context);
  const names = Object.keys(exports).filter((name) => name !== '__gateway__');
  const listed = names.map((name) => `\`${name}\` (${kindOf(exports[name])})`);
  const exported = listed.length > 0 ? `It exports ${listed.join(', ')}.` : 'It exports nothing.';
  const message = `${context.load.modulePath} has nothing to serve. ${missed.message} ${exported}`;
  return { ...missed, message };
}

function placeOfExport(name: string, { load, sources }: FailureContext) {
  return placeOf(sources.peek(load.entry), declarationOf(name));
}
