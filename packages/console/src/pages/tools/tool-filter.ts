import type { Tool } from '../../api/tools.ts';

/** What the address of the page says; `tool` is the one that is shown whole. */
export type ToolSearch = { readonly q?: string; readonly tool?: string };

/** Reads the address; what it cannot be is left out. */
export function readToolSearch(search: Readonly<Record<string, unknown>>): ToolSearch {
  const q = textOf(search.q);
  const tool = textOf(search.tool);
  return { ...(q && { q }), ...(tool && { tool }) };
}

/** Those in which a text is found. */
export function fittingTools(tools: readonly Tool[], q = ''): readonly Tool[] {
  const wanted = q.trim().toLowerCase();
  return tools.filter(({ name, kind, source, description, used_by: users }) =>
    [name, kind, source, description, ...users].join('\n').toLowerCase().includes(wanted),
  );
}

/** A number in the address is read as one. */
function textOf(value: unknown): string | undefined {
  return typeof value === 'string' || typeof value === 'number' ? `${value}` : undefined;
}
