import { z } from 'zod';
import { fetchDoc } from './fetch-doc.ts';
import { http } from './http.ts';

/** Every kind of tool by its name in `gateway.yaml`. A kind is its file and its line here. */
export const toolKinds = {
  fetch_doc: fetchDoc,
  http,
} as const;

/** One entry of `tools`, told by its `kind`. */
export const toolSchema = z.discriminatedUnion('kind', [fetchDoc.settings, http.settings]);
