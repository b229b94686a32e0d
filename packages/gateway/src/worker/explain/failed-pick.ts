import type { Finding } from '../../protocol/diagnostics.ts';
import { isAgent } from '../agent-shape.ts';
import type { NoPick } from '../load/pick-export.ts';
import { placeOf } from './code-place.ts';
import { exportLine } from './export-line.ts';
import { describeThrown, type FailureContext, locate } from './failure-context.ts';
import { declarationOf, listed, type MissedExport } from './missed/missed-export.ts';
import { factoryHint, findMissedExport, kindOf, type Missing } from './missed/missed-exports.ts';

/** Says why nothing of a module can be served, what comes near, and the edit that fixes it. */
export function explainFailedPick(noPick: NoPick, missing: Missing): Finding {
  const { code, message, hint, place } = explain(noPick, missing);
  const { load, sources } = missing.context;
  return {
    stage: 'export',
    code,
    severity: 'error',
    message,
    ...locate(load.entry, place, sources),
    hint,
  };
}

function explain(noPick: NoPick, missing: Missing): MissedExport {
  const { context } = missing;
  switch (noPick.kind) {
    case 'several':
      return explainSeveral(noPick, missing);
    case 'asked_missing':
      return explainAsked(noPick.asked, missing);
    case 'workflow_in_need':
      return explainWorkflow(noPick, context);
    case 'empty_factory':
      return explainFactory(noPick, context);
    case 'hungry_factory':
      return explainHungryFactory(noPick, context);
    case 'none':
      return explainNone(missing);
    default:
      return noPick satisfies never;
  }
}

function explainSeveral(
  { exportNames, startedLine, areExported }: Extract<NoPick, { kind: 'several' }>,
  { topLevel, context }: Missing,
): MissedExport {
  const list = exportNames.map((name) => `\`${name}\``).join(', ');
  const [likely = ''] = exportNames;
  const verb = areExported ? 'exports' : 'has';
  const line = exportLine(likely, topLevel.facts);
  const hint =
    startedLine === null
      ? `Name the one to serve: \`${line}\`.`
      : `Name the one to serve, likely \`${likely}\`, which line ${startedLine} starts: \`${line}\`.`;
  return {
    code: 'several_agents',
    message: `${context.load.modulePath} ${verb} ${exportNames.length} agents (${list}), and none of them hands off to all others.`,
    place: placeOfExport(likely, context),
    hint,
  };
}

function explainAsked(asked: string, { topLevel, context }: Missing): MissedExport {
  const { values, facts } = topLevel;
  const agents = facts.declared.filter((name) => isAgent(values[name]));
  const isNear = (name: string) => name.toLowerCase().startsWith(asked.slice(0, 3).toLowerCase());
  const nearest = agents
    .toSorted((a, b) => Number(isNear(b)) - Number(isNear(a)))
    .map((name) => `\`${name}\``);
  return {
    code: 'named_agent_missing',
    message: `\`__gateway__.agent\` names "${asked}", but ${context.load.modulePath} has no agent of that name at its top level.`,
    place: placeOf(context.sources.peek(context.load.entry), /__gateway__/),
    hint:
      nearest.length > 0
        ? `Use one of ${nearest.join(', ')}.`
        : `Build it at the top level: \`const ${asked} = new Agent({ name, instructions });\`.`,
  };
}

function explainWorkflow(
  { exportName, needs }: Extract<NoPick, { kind: 'workflow_in_need' }>,
  context: FailureContext,
): MissedExport {
  const rest = needs.length === 1 ? 'it' : 'each of them';
  return {
    code: 'workflow_needs_arguments',
    message: `\`${exportName}\` in ${context.load.modulePath} needs ${listed(needs)}, but a request brings \`input_as_text\` alone.`,
    place: placeOfExport(exportName, context),
    hint: `Make ${rest} optional (\`${needs[0]}?\`), or give ${rest} a default value.`,
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

function explainNone(missing: Missing): MissedExport {
  const { exports, context } = missing;
  const missed = findMissedExport(missing);
  const names = Object.keys(exports).filter((name) => name !== '__gateway__');
  const listed = names.map((name) => `\`${name}\` (${kindOf(exports[name])})`);
  const exported = listed.length > 0 ? `It exports ${listed.join(', ')}.` : 'It exports nothing.';
  const message = `${context.load.modulePath} has nothing to serve. ${missed.message} ${exported}`;
  return { ...missed, message };
}

function placeOfExport(name: string, { load, sources }: FailureContext) {
  return placeOf(sources.peek(load.entry), declarationOf(name));
}
