import type { z } from 'zod';
import { toolSchema } from './kinds/kinds.ts';
import type { ToolModules } from './tool.ts';

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

const ofModules = toolSchema.parse({ kind: 'module' });

/** The tools that there are with those of modules that no setting names. */
export function withModules(
  configured: Readonly<Record<string, ToolSettings>>,
  modules: Pick<ToolModules, 'list'>,
): Readonly<Record<string, ToolSettings>> {
  const found = modules.list().map(({ name }) => [name, ofModules] as const);
  return { ...Object.fromEntries(found), ...configured };
}
