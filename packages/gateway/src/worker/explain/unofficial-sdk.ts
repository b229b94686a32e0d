/** Names that are taken for the SDK's on npm, as a package or a path into one. */
const unofficialNames: readonly string[] = [
  'openai-agents',
  'openai-agents-js',
  'openai-agents-sdk',
  'openai/agents',
  '@openai/agent',
  '@openai/agents-js',
  '@openai/agents-sdk',
  '@openai/openai-agents',
];

/** Names that mean the SDK only where nothing of that name is installed: another package has it on npm. */
const ambiguousNames: readonly string[] = ['agents'];

/** What to do about an import of a package that is not the SDK. */
export const unofficialHint = 'Import from `@openai/agents`, which needs no install.';

/** Whether an import that found nothing was meant for the SDK. */
export function isMeantForSdk(specifier: string): boolean {
  return [...unofficialNames, ...ambiguousNames].includes(specifier);
}

/** Whether an import of `agents` means Cloudflare's package, which stands beside the SDK or is used as only it can be. */
export function isCloudflares(specifier: string, text: string): boolean {
  if (/^agents\/(?:mcp|react|ai-\w|schedule|client|hono|observability|x402)/.test(specifier))
    return true;
  const others = /['"](?:@openai\/agents|cloudflare:workers|hono-agents)['"]|\brouteAgentRequest\b/;
  return specifier === 'agents' && others.test(text);
}

/** The import of a text that names an unofficial package, with its quotes; null where there is none. */
export function findUnofficialImport(text: string): { name: string; pattern: RegExp } | null {
  const name = unofficialNames.find((each) => importOf(each).test(text));
  return name === undefined ? null : { name, pattern: importOf(name) };
}

function importOf(name: string): RegExp {
  return new RegExp(`(?<=(from|import|require)\\s*\\(?\\s*)['"]${name}['"]`);
}
