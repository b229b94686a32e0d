import { readHead } from '../../system/files.ts';

/** `builds` an agent or workflow with the SDK, merely `imports` agents from it, or neither. */
export type AgentSign = 'builds' | 'imports' | null;

/** Imports stand at the top, and what a file builds seldom comes later than this. */
const headBytes = 64 * 1024;

/** Looks at the head of a source file for signs of an agent. A file that cannot be read has none. */
export async function readAgentSign(path: string): Promise<AgentSign> {
  const text = await headOf(path);
  const signs = path.endsWith('.py') ? pythonSigns : scriptSigns;
  if (text === null || !signs.imports.test(text)) return null;
  if (signs.builds.test(text)) return 'builds';
  return /\bAgent\b/.test(text) ? 'imports' : null;
}

type Signs = { readonly imports: RegExp; readonly builds: RegExp };

/** The SDK, and the names under which people look for it. */
const scriptSigns: Signs = {
  imports: /['"](@openai\/agents([-/][\w/-]+)?|openai-agents|@openai\/agent|openai\/agents)['"]/,
  builds: /\bnew\s+\w*Agent\b|\bAgent\.create\b|\bbuildAgent\b|\brunWorkflow\b/,
};

const pythonSigns: Signs = {
  imports: /^[ \t]*(from|import)[ \t]+(agents|openai_agents)\b/m,
  builds: /\bAgent\s*[([]|\bbuild_agent\b|\brun_workflow\b/,
};

function headOf(path: string): Promise<string | null> {
  return readHead(path, headBytes).then(
    (bytes) => bytes.toString('utf8'),
    () => null,
  );
}
