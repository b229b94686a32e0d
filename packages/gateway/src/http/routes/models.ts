import { z } from 'zod';
import { GatewayError } from '../../errors.ts';
import { modelAnswer, modelsAnswer } from '../../protocol/formats/openai-answers.ts';
import { nearestIds, unknownModel } from '../../protocol/nearest.ts';
import type { ModelInfo } from '../../registry/model-info.ts';
import { chatFormat } from '../formats/chat-format.ts';
import { callerOf, defineRoute, type Route } from '../route.ts';

/** `GET /v1/models` and `GET /v1/models/{id}`: the agents that the key may see, also for a base URL that lacks `/v1`. */
export const modelRoutes: readonly Route[] = ['/v1/models', '/models'].flatMap((url) => [
  defineRoute({
    method: 'GET',
    url,
    audience: 'callers',
    summary: 'List the agents that this key may see.',
    answer: modelsAnswer,
    handle: async ({ deps, request }) => ({
      object: 'list' as const,
      data: (await deps.listModels(callerOf(request))).map(toModel),
    }),
  }),
  // Ids hold slashes, and clients send them encoded or not.
  defineRoute({
    method: 'GET',
    url: `${url}/*`,
    audience: 'callers',
    summary: 'Describe one agent by its model id.',
    params: z.object({ '*': z.string() }),
    answer: modelAnswer,
    handle: async ({ deps, request, params }) => {
      const id = params['*'];
      const models = await deps.listModels(callerOf(request));
      const model = find(models, id.toLowerCase());
      if (model) return toModel(model);
      const named = id.slice(0, 200);
      const near = nearestIds(
        named,
        models.map((one) => one.id),
      );
      throw new GatewayError('agent_not_found', unknownModel(named, near), { param: 'model' });
    },
  }),
]);

/** By full id, or by the bare name where only one has it. */
function find(models: readonly ModelInfo[], id: string): ModelInfo | undefined {
  const exact = models.find((model) => model.id === id);
  if (exact || id.includes('/')) return exact;
  const named = models.filter((model) => model.id.endsWith(`/${id}`));
  return named.length === 1 ? named[0] : undefined;
}

function toModel(model: ModelInfo) {
  return {
    id: model.id,
    object: 'model' as const,
    created: model.createdAtSeconds,
    owned_by: model.namespace,
    name: model.displayName,
    ...(model.description === null ? {} : { description: model.description }),
    x_agent: toFacts(model.facts),
    dropgate: {
      namespace: model.namespace,
      status: model.status,
      model: { name: model.model.name, source: model.model.source },
      upstream: { name: model.upstream.name, source: model.upstream.source },
    },
  };
}

function toFacts({ kind, tools, hasSessions, clientTools, accepts, settings }: ModelInfo['facts']) {
  return {
    kind,
    tools: tools.map(({ name, provenance, needsApproval }) => ({
      name,
      provenance,
      needs_approval: needsApproval,
    })),
    approvals: tools.some(({ needsApproval }) => needsApproval),
    sessions: hasSessions,
    client_tools: clientTools,
    input: ['text', ...accepts],
    settings: settings.map((name) => chatFormat.fields[name] ?? name),
    apis: ['chat_completions', 'responses'],
  };
}
