import { matchesGlob } from '../../policy/rules/glob.ts';
import type { Pool } from '../../pool/pool.ts';
import type { GatewayToolTable } from '../../protocol/tools/gateway-tools.ts';
import { createCallTool } from '../../tools/call-tool.ts';
import { createLiveTools, type LiveTools } from '../../tools/live-tools.ts';
import { createSafeFetch } from '../../tools/outbound/safe-fetch.ts';
import { toolFindings } from '../../tools/tool-findings.ts';
import type { Foundation } from '../foundation.ts';
import { createToolModulesView } from './tool-modules.ts';

/** The gateway's own tools. */
export type Tools = ReturnType<typeof createTools>;

/** The tools of the settings, and what calls them. */
export function createTools({ config, live, secrets }: Foundation) {
  const outbound = createSafeFetch({ environment: config.environment });
  const nowMs = () => performance.now();
  const toolModules = createToolModulesView();
  const tools = createLiveTools(config.tools, {
    fetch: outbound.fetch,
    stream: outbound.stream,
    modules: toolModules,
    environment: () => live.current().environment,
    projectRoot: config.projectRoot,
    onSecret: secrets.own.addValue,
    nowMs,
  });
  return {
    tools,
    outbound,
    toolModules,
    callTool: createCallTool({ tools, nowMs }),
    async closeTools() {
      await tools.close();
      await outbound.close();
    },
    toolsFor(agentId: string): GatewayToolTable {
      const known = tools.list().map(({ name, description, parameters }) => ({
        name,
        description,
        parameters,
      }));
      const [namespace = ''] = agentId.split('/');
      const offers = live.current().security.namespaces[namespace]?.offerTools ?? [];
      const isOffered = (name: string) => offers.some((pattern) => matchesGlob(pattern, name));
      return { tools: known, offered: known.map(({ name }) => name).filter(isOffered) };
    },
  };
}

/** The pool, whose descriptions of modules say what is wrong with their use of gateway tools. */
export function tellTools(pool: Pool, tools: Pick<LiveTools, 'list' | 'mayHave'>): Pool {
  return {
    ...pool,
    async prepare(load, signal) {
      const result = await pool.prepare(load, signal);
      if (result.type === 'load_failed') return result;
      const { manifest } = result;
      const warnings = [...manifest.warnings, ...(await toolFindings(manifest, load, tools))];
      return { ...result, manifest: { ...manifest, warnings } };
    },
  };
}
