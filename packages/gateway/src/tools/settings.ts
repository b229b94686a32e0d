import type { z } from 'zod';
import { toolSchema } from './kinds/kinds.ts';

// The settings are read by config/, which knows this file of the tools alone.
export { toolSchema } from './kinds/kinds.ts';

/** One entry of `tools`, defaults filled in. */
export type ToolSettings = z.output<typeof toolSchema>;

/** Names that tools can have: what models and both of OpenAI's APIs take for one. */
export const toolName = /^[A-Za-z_][A-Za-z0-9_-]{0,63}$/;

/** The tools that there are: those of `gateway.yaml`, and those that need no setting. */
export function withBuiltInTools(
  configured: Readonly<Record<string, ToolSettings>>,
): Readonly<Record<string, ToolSettings>> {
  return { fetch_doc: toolSchema.parse({ kind: 'fetch_doc' }), ...configured };
}
