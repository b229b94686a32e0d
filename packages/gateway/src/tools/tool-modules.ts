import type { ToolModule, ToolModules } from './tool.ts';

/** Where the tools come from where no module gives one. */
export const noToolModules: ToolModules = {
  list: () => [],
  find: () => null,
  areKnown: () => true,
  onChange: () => undefined,
};

/** What is wrong with a module, for people who look at its tool; null for nothing. */
export function problemOfModule({ path, findings }: ToolModule): string | null {
  const worst = findings.find(({ severity }) => severity === 'error');
  if (!worst) return null;
  const { line, message, hint } = worst;
  const place = line === undefined ? path : `${path}:${line}`;
  return [`${place}: ${message}`, hint].filter(Boolean).join(' ');
}
