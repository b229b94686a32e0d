import { queryOptions } from '@tanstack/react-query';
import type { Answer, ApiClient } from './client.ts';

/** An agent as admins see it. */
export type Agent = Answer<'GET /admin/agents'>['agents'][number];

/** Most pages of agents that are read one after another. */
const maxPages = 50;

/** Every agent. */
export function agentsQuery(api: ApiClient) {
  return queryOptions({
    queryKey: ['agents'],
    async queryFn({ signal }): Promise<readonly Agent[]> {
      const all: Agent[] = [];
      let after: string | undefined;
      for (let page = 0; page < maxPages; page += 1) {
        const { agents, next } = await api.call('GET /admin/agents', {
          query: { after },
          signal,
        });
        all.push(...agents);
        if (next === null) break;
        after = next;
      }
      return all;
    },
  });
}

/** What any key sees of an agent. */
export type Model = {
  readonly id: string;
  /** What its author calls it. */
  readonly name: string;
  readonly description?: string;
  readonly x_agent: {
    readonly kind: string;
    readonly tools: readonly {
      readonly name: string;
      readonly provenance: string;
      readonly needs_approval: boolean;
    }[];
    /** What it takes: `text`, `image`, `file`, `audio`. */
    readonly input: readonly string[];
    /** Which settings of a request reach its model, as chat completions name them. */
    readonly settings: readonly string[];
  };
  readonly dropgate: {
    readonly status: string;
    readonly model: { readonly name: string | null };
  };
};

/** The agents that the session may run. */
export function modelsQuery(api: ApiClient) {
  return queryOptions({
    queryKey: ['models'],
    async queryFn({ signal }): Promise<readonly Model[]> {
      // Its description is open: it has the fields of OpenAI's, and more of ours.
      const { data } = await api.call('GET /v1/models', { signal });
      return data as unknown as readonly Model[];
    },
  });
}
