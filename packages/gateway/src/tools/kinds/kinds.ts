import { z } from 'zod';
import { fetchDoc } from './fetch-doc.ts';
import { http } from './http.ts';
import { mcp } from './mcp.ts';
import { module } from './module.ts';
import { openapi } from './openapi.ts';

/** Every kind of tool by its name in `gateway.yaml`. A kind is its file and its line here. */
export const toolKinds = {
  fetch_doc: fetchDoc,
  http,
  mcp,
  module,
  openapi,
} as const;

type Settings = (typeof toolKinds)[keyof typeof toolKinds]['settings'];

const settings: readonly Settings[] = Object.values(toolKinds).map((kind) => kind.settings);

/** One entry of `tools`, told by its `kind`. */
export const toolSchema = z.discriminatedUnion('kind', settings as [Settings, ...Settings[]]);
