import { queryOptions } from '@tanstack/react-query';
import type { Answer, ApiClient } from './client.ts';

/** All about the gateway’s tools. */
export type ToolList = Answer<'GET /admin/tools'>;

/** A gateway tool. */
export type Tool = ToolList['tools'][number];

/** What came of a call of a tool. */
export type ToolCall = Answer<'POST /admin/tools/{name}/call'>;

/** The gateway’s tools. */
export function toolsQuery(api: ApiClient) {
  return queryOptions({
    queryKey: ['tools'],
    queryFn: ({ signal }): Promise<ToolList> => api.call('GET /admin/tools', { signal }),
  });
}
