import type { Finding } from '../../protocol/diagnostics.ts';
import type { Manifest, ModuleLoad, ModuleSettings } from '../../protocol/records.ts';
import { type AgentShape, agentGraph } from '../agent-shape.ts';
import type { SdkCopy } from '../loaded-module.ts';
import { fieldsOf } from '../sdk.ts';
import { modelName } from './describe.ts';
import { placeOfField } from './module-settings.ts';
import { defaultModelSettings } from './sdk-copy.ts';

/** Effective model and upstream, with what was found on the way. */
export type AppliedSettings = Pick<Manifest, 'model' | 'upstream'> & {
  readonly findings: readonly Finding[];
};

export type SettingsToApply = {
  readonly load: ModuleLoad;
  readonly settings: ModuleSettings;
  /** Text of the module, for the lines of what is wrong. */
  readonly entryText: string;
  /** The exported agent; null for a workflow or an object with `run`. */
  readonly agent: AgentShape | null;
  readonly sdk: SdkCopy | null;
};

/**
 * Chooses model and upstream: `__gateway__` → the agent's own → the gateway's. The agent itself gets the model of
 * `__gateway__`, because the SDK lets an agent's own model win over any given to a run.
 */
export function applySettings(given: SettingsToApply): AppliedSettings {
  const upstream = effectiveUpstream(given);
  const model = effectiveModel(given);
  return {
    model: model.model,
    upstream: upstream.upstream,
    findings: [
      ...upstream.findings,
      ...model.findings,
      ...findHostedTools(given, upstream.upstream),
    ],
  };
}

function effectiveUpstream({ load, settings, entryText }: SettingsToApply) {
  const { upstream: asked } = settings;
  if (asked === undefined) return { upstream: load.defaultUpstream, findings: [] };
  if (Object.hasOwn(load.upstreams, asked)) {
    return { upstream: { name: asked, source: '__gateway__' as const }, findings: [] };
  }
  const known = Object.keys(load.upstreams).map((name) => `"${name}"`);
  const finding: Finding = {
    stage: 'metadata',
    code: 'unknown_upstream',
    severity: 'warning',
    message: `\`__gateway__.upstream\` names "${asked}", which is not configured; "${load.defaultUpstream.name}" serves.`,
    file: load.entry,
    ...placeOfField('upstream', entryText),
    hint: `Use one of ${known.join(', ')}, or add it under \`upstreams\` in gateway.yaml.`,
  };
  return { upstream: load.defaultUpstream, findings: [finding] };
}

function effectiveModel(given: SettingsToApply): {
  model: Manifest['model'];
  findings: readonly Finding[];
} {
  const { load, settings, agent } = given;
  if (settings.model === undefined) {
    if (agent?.model) return { model: { name: modelName(agent), source: 'agent' }, findings: [] };
    return { model: defaultModel(load), findings: [] };
  }
  if (agent) {
    setModel(agent, settings.model, given.sdk);
    return { model: { name: settings.model, source: '__gateway__' }, findings: [] };
  }
  const finding: Finding = {
    stage: 'metadata',
    code: 'model_not_applied',
    severity: 'warning',
    message:
      '`__gateway__.model` is ignored: the agents of this module are its own matter, none is exported.',
    file: load.entry,
    ...placeOfField('model', given.entryText),
    hint: 'Set `model` on the agents themselves.',
  };
  return { model: defaultModel(load), findings: [finding] };
}

function defaultModel(load: ModuleLoad): Manifest['model'] {
  const own = load.env.OPENAI_DEFAULT_MODEL;
  if (own) return { name: own, source: 'environment' };
  return load.defaultModel ?? { name: null, source: 'default' };
}

/** Settings the SDK derived from the former model go with it; those the author wrote stay. */
function setModel(agent: AgentShape, model: string, sdk: SdkCopy | null): void {
  agent.model = model;
  const { hasExplicitModelSettings } = fieldsOf(agent);
  if (typeof hasExplicitModelSettings !== 'function' || sdk === null) return;
  if (Reflect.apply(hasExplicitModelSettings, agent, []) === true) return;
  const settings = defaultModelSettings(sdk, model);
  if (settings !== undefined) agent.modelSettings = settings;
}

/** Tools that only a server with the Responses API can execute, where the upstream has none. */
function findHostedTools(
  { load, agent }: SettingsToApply,
  upstream: Manifest['upstream'],
): Finding[] {
  if (agent === null || load.upstreams[upstream.name] !== 'chat_completions') return [];
  const hosted = agentGraph(agent).flatMap((member) =>
    member.tools
      .filter((tool) => (fieldsOf(tool).type ?? 'function') !== 'function')
      .map((tool) => `\`${String(fieldsOf(tool).name)}\` of agent "${member.name}"`),
  );
  if (hosted.length === 0) return [];
  return [
    {
      stage: 'load',
      code: 'hosted_tool_needs_responses',
      severity: 'error',
      message: `The upstream "${upstream.name}" speaks chat_completions, which cannot run ${hosted.join(', ')}.`,
      file: load.entry,
      hint: 'Name an upstream with `api: responses` in `__gateway__.upstream`, or replace the tool.',
    },
  ];
}
