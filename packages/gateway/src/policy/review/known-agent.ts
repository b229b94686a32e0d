import type { Question } from '../../protocol/policy.ts';
import type { Manifest } from '../../protocol/records.ts';
import type { Provenance } from '../../protocol/run.ts';
import { provenanceOfListed } from '../../protocol/tools/provenance-of.ts';

/** An agent as far as a preview and an audit know it. */
export type KnownAgent = {
  readonly id: string;
  /** Below the project root. */
  readonly modulePath: string;
  /** Of the entry file as it was loaded, hex. */
  readonly sha256: string | null;
  readonly tools: readonly { readonly name: string; readonly provenance: Provenance }[];
};

/** What a preview and an audit know of an agent, of what its module turned out to be. */
export function knownAgent(
  agentId: string,
  modulePath: string,
  { agents, settings, files }: Pick<Manifest, 'agents' | 'settings' | 'files'>,
): KnownAgent {
  const given = new Set(settings.tools ?? []);
  const own = agents.flatMap(({ tools }) => tools).filter(({ name }) => !given.has(name));
  const tools = new Map<string, KnownAgent['tools'][number]>();
  for (const name of given) tools.set(name, { name, provenance: 'gateway' });
  for (const tool of own) {
    tools.set(tool.name, { name: tool.name, provenance: provenanceOfListed(tool) });
  }
  return {
    id: agentId,
    modulePath,
    tools: [...tools.values()],
    sha256: files[0]?.sha256 ?? null,
  };
}

/** The other name of an agent’s module, by which rules pin one version of it. */
export function hashAlias({ sha256 }: KnownAgent): Pick<Question, 'aliases'> {
  return sha256 === null ? {} : { aliases: [`sha256:${sha256}`] };
}
