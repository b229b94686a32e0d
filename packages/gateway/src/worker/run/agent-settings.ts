import type { UpstreamApi } from '../../protocol/records.ts';
import type { RunInput, RunSettings, ToolChoice } from '../../protocol/run.ts';
import { apiOfModel, type SdkAgent, type SdkRunner } from '../sdk.ts';

export type ModelSettings = Readonly<Record<string, unknown>>;

/**
 * What a caller asks of the model, as model settings of the SDK: the cap on output always, the others as far as
 * the module's `clientSettings` allow. What only one API knows is left out for the other.
 */
export function askedSettings(
  input: RunInput,
  allowed: readonly (keyof RunSettings)[],
  api: UpstreamApi | null,
): ModelSettings {
  const { maxOutputTokens, ...rest } = input.settings;
  const asked: RunSettings = Object.fromEntries(
    Object.entries(rest).filter(([name]) => allowed.includes(name as keyof RunSettings)),
  );
  const chat = api === 'chat_completions';
  const jsonObject = input.outputFormat.type === 'json_object' ? { type: 'json_object' } : null;
  const providerData = defined({
    service_tier: asked.serviceTier,
    ...(chat ? { seed: asked.seed, stop: asked.stop } : {}),
    ...(jsonObject && chat ? { response_format: jsonObject } : {}),
    ...(jsonObject && api === 'responses' ? { text: { format: jsonObject } } : {}),
  });
  return defined({
    maxTokens: maxOutputTokens,
    temperature: asked.temperature,
    topP: asked.topP,
    presencePenalty: asked.presencePenalty,
    frequencyPenalty: asked.frequencyPenalty,
    parallelToolCalls: asked.parallelToolCalls,
    reasoning: asked.reasoningEffort && { effort: asked.reasoningEffort },
    text: asked.verbosity && { verbosity: asked.verbosity },
    providerData: Object.keys(providerData).length > 0 ? providerData : undefined,
  });
}

/** Which tools the first turn of a run has to call. */
export type FirstTurn = {
  readonly choice: ToolChoice;
  /** Whether it is over. */
  readonly isOver: () => boolean;
};

/**
 * The agent as one run sees it: a view of the same object with its settings merged with `asked` and, where the
 * caller wants a schema, its output type. A view, because `clone()` drops subclasses and listeners.
 */
export function agentView(
  agent: SdkAgent,
  asked: ModelSettings,
  { outputFormat }: Pick<RunInput, 'outputFormat'>,
  first: FirstTurn | null = null,
): SdkAgent {
  const modelSettings = mergedSettings(agent.modelSettings ?? {}, asked);
  const isChoosing = first !== null && hasOwnSettings(agent);
  const view = {
    ...(Object.keys(asked).length > 0 || isChoosing ? { modelSettings } : {}),
    ...(isChoosing ? { modelSettings: choosingFirst(modelSettings, first) } : {}),
    ...(outputFormat.type === 'json_schema' ? { outputType: outputFormat } : {}),
  };
  const isChanged = Object.keys(view).length > 0;
  return isChanged ? Object.create(agent, Object.getOwnPropertyDescriptors(view)) : agent;
}

/** What the runner of one run has for settings; those of an agent come before them, where its author gave it any. */
export function runnerSettings(
  agent: SdkAgent,
  asked: ModelSettings,
  first: FirstTurn | null,
): ModelSettings {
  return first && !hasOwnSettings(agent) ? choosingFirst(asked, first) : asked;
}

/** Copies that make settings anew for each turn say whether an agent has any of its author's. */
function hasOwnSettings(agent: SdkAgent): boolean {
  return agent.hasExplicitModelSettings?.() ?? true;
}

/** Settings that the SDK reads before each turn. */
function choosingFirst(settings: ModelSettings, { choice, isOver }: FirstTurn): ModelSettings {
  const chosen = typeof choice === 'object' ? choice.name : choice;
  return Object.defineProperty({ ...settings }, 'toolChoice', {
    get: () => (isOver() ? settings.toolChoice : chosen),
    enumerable: true,
    configurable: true,
  });
}

/** True where the request holds something that the two APIs say differently. */
export function dependsOnApi({ settings, outputFormat }: RunInput): boolean {
  return (
    outputFormat.type === 'json_object' ||
    settings.seed !== undefined ||
    settings.stop !== undefined
  );
}

/** The API that the agent's model speaks; null for a model that is not OpenAI's. */
export async function apiOf(agent: SdkAgent, runner: SdkRunner): Promise<UpstreamApi | null> {
  const { model } = agent;
  const resolved: unknown =
    typeof model === 'object' && model !== null
      ? model
      : await runner.config?.modelProvider?.getModel?.(
          typeof model === 'string' && model ? model : undefined,
        );
  return apiOfModel(resolved);
}

function mergedSettings(own: ModelSettings, asked: ModelSettings): ModelSettings {
  const merged: Record<string, unknown> = { ...own };
  for (const [name, value] of Object.entries(asked)) {
    merged[name] =
      isRecord(value) && isRecord(own[name]) ? mergedSettings(own[name], value) : value;
  }
  return merged;
}

function isRecord(value: unknown): value is ModelSettings {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function defined(values: Readonly<Record<string, unknown>>): ModelSettings {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined));
}
