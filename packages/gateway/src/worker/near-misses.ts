import { basename } from 'node:path';
import type { Finding } from '../protocol/diagnostics.ts';
import { isAgent, isAgentClass, isClass, isRealtimeAgent, isRunnable } from './agent-shape.ts';
import { placeOf } from './code-frame.ts';
import { type FailureContext, locate } from './failure-context.ts';
import type { ModuleExports, NoPick } from './pick-export.ts';

/** Says why nothing a module exports can be served, what comes near, and the edit that fixes it. */
export function explainNoPick(
  noPick: NoPick,
  exports: ModuleExports,
  context: FailureContext,
): Finding {
  switch (noPick.kind) {
    case 'several':
      return explainSeveral(noPick.exportNames, context);
    case 'empty_factory':
      return explainFactory(noPick, context);
    case 'none':
      return explainNone(exports, context);
    default:
      return noPick satisfies never;
  }
}

type NearMiss = Omit<Finding, 'stage' | 'severity'>;

function explainSeveral(names: readonly string[], { load, sources }: FailureContext): Finding {
  const place = placeOf(sources.peek(load.entry), declarationOf(names[0] ?? ''));
  return exportFinding({
    code: 'several_agents',
    message: `${load.modulePath} exports ${names.length} agents (${list(names)}), and none of them hands off to all others.`,
    ...locate(load.entry, place, sources),
    hint: `Name the one to serve: \`export default ${names[0]};\`.`,
  });
}

function explainFactory(
  noPick: Extract<NoPick, { kind: 'empty_factory' }>,
  { load, sources }: FailureContext,
): Finding {
  const place = placeOf(sources.peek(load.entry), declarationOf(noPick.exportName));
  return exportFinding({
    code: 'factory_without_agent',
    message: `\`${noPick.exportName}()\` in ${load.modulePath} returned ${kindOf(noPick.result)}, not an agent.`,
    ...locate(load.entry, place, sources),
    hint: `Return an \`Agent\` from \`${noPick.exportName}\`.`,
  });
}

function explainNone(exports: ModuleExports, context: FailureContext): Finding {
  const { load, sources } = context;
  const miss = findRealtimeAgent(exports) ??
    findClass(exports, context) ??
    findUnexported(context) ?? {
      code: 'no_agent',
      file: load.entry,
      message: 'It exports no agent.',
      hint: 'Export one: `export const agent = new Agent({ name, instructions });`.',
    };
  const names = Object.keys(exports).filter((name) => name !== '__gateway__');
  const told = names.map((name) => `\`${name}\` (${kindOf(exports[name])})`);
  const exported = told.length > 0 ? `It exports ${told.join(', ')}.` : 'It exports nothing.';
  const place = miss.line ? { line: miss.line, column: miss.column ?? 1 } : null;
  return exportFinding({
    ...miss,
    message: `${load.modulePath} has nothing to serve. ${miss.message} ${exported}`,
    ...locate(load.entry, place, sources),
  });
}

function findRealtimeAgent(exports: ModuleExports): NearMiss | null {
  const name = Object.keys(exports).find((key) => isRealtimeAgent(exports[key]));
  if (!name) return null;
  return {
    code: 'realtime_agent',
    message: `\`${name}\` is a RealtimeAgent, which speaks over a voice session only.`,
    hint: 'Export an `Agent` of `@openai/agents`.',
  };
}

function findClass(exports: ModuleExports, { load, sources }: FailureContext): NearMiss | null {
  const name = Object.keys(exports).find((key) => isAgentClass(exports[key]));
  if (!name) return null;
  const className = name === 'default' ? 'MyAgent' : name;
  return {
    code: 'class_exported',
    message: `\`${name}\` is a class, not an instance.`,
    ...placeOf(sources.peek(load.entry), declarationOf(name)),
    hint: `Export an instance: \`export const agent = new ${className}(…);\`.`,
  };
}

/** An agent or workflow that the entry's text makes and does not export. */
function findUnexported({ load, sources }: FailureContext): NearMiss | null {
  const text = sources.peek(load.entry);
  const file = basename(load.entry);
  const builtAgent =
    /^[ \t]*(?:const|let|var)\s+(\w+)[^=\n]*=\s*(?:await\s+)?(?:new\s+\w*Agent\b|Agent\.create\b)/m;
  const agent = builtAgent.exec(text)?.[1];
  if (agent) {
    return {
      code: 'agent_not_exported',
      message: `\`${agent}\` is built in ${file} but not exported.`,
      ...placeOf(text, new RegExp(`(?<=^[ \\t]*)(?:const|let|var)\\s+${agent}\\b`, 'm')),
      hint: `Write \`export const agent = …\`, or add \`export default ${agent};\`.`,
    };
  }
  const builtWorkflow = /^(?:const|let|async function|function)\s+(runWorkflow|run_workflow)\b/m;
  const workflow = builtWorkflow.exec(text)?.[1];
  if (!workflow) return null;
  return {
    code: 'agent_not_exported',
    message: `\`${workflow}\` is there but not exported.`,
    ...placeOf(text, builtWorkflow),
    hint: `Put \`export\` before \`${workflow}\`.`,
  };
}

function exportFinding(finding: NearMiss): Finding {
  return { stage: 'export', severity: 'error', ...finding };
}

function declarationOf(name: string): RegExp {
  const declared = `(?:const|let|var|function|class)\\s+${name.replaceAll('$', '\\$')}\\b`;
  return name === 'default'
    ? /export default/
    : new RegExp(`(?:export\\s+)?(?:async\\s+)?${declared}`);
}

function kindOf(value: unknown): string {
  if (isAgent(value)) return 'an agent';
  if (isRealtimeAgent(value)) return 'a RealtimeAgent';
  if (isClass(value)) return 'a class';
  if (isRunnable(value)) return 'an object with `run`';
  if (value === null || value === undefined) return String(value);
  if (Array.isArray(value)) return 'an array';
  return typeof value === 'object' ? 'an object' : `a ${typeof value}`;
}

function list(names: readonly string[]): string {
  return names.map((name) => `\`${name}\``).join(', ');
}
