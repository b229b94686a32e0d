import type { KeyPrincipal } from '../../src/protocol/policy.ts';
import type { GatewayToolCall, GatewayToolResult } from '../../src/protocol/tools/tool-call.ts';
import { createCallTool } from '../../src/tools/call-tool.ts';
import { createLiveTools, type LiveTools } from '../../src/tools/live-tools.ts';
import { createSafeFetch } from '../../src/tools/outbound/safe-fetch.ts';
import { toolSchema, withBuiltInTools } from '../../src/tools/settings.ts';
import type { ToolModules } from '../../src/tools/tool.ts';
import { noToolModules } from '../../src/tools/tool-modules.ts';

/** Tools of some settings, and a way to call them as the key `key_1` unless it says otherwise. */
export type ToolsKit = {
  readonly tools: LiveTools;
  readonly call: (
    tool: string,
    args: unknown,
    more?: Partial<GatewayToolCall>,
  ) => Promise<GatewayToolResult>;
  /** Values that are to be shown to nobody. */
  readonly secrets: readonly string[];
  readonly close: () => Promise<void>;
};

/** Tools that may ask servers of this machine where their settings say so. */
export function toolsKit(
  settings: Readonly<Record<string, object>>,
  options: {
    readonly projectRoot: string;
    readonly modules?: ToolModules;
    readonly environment?: Readonly<Record<string, string | undefined>>;
  },
): ToolsKit {
  const { projectRoot, environment = {}, modules = noToolModules } = options;
  const outbound = createSafeFetch({ environment: {} });
  const secrets: string[] = [];
  const all = Object.entries(settings).map(([name, given]) => [name, toolSchema.parse(given)]);
  const nowMs = () => performance.now();
  const tools = createLiveTools(withBuiltInTools(Object.fromEntries(all)), {
    fetch: outbound.fetch,
    stream: outbound.stream,
    modules,
    environment: () => environment,
    projectRoot,
    onSecret: (value) => secrets.push(value),
    nowMs,
  });
  const callTool = createCallTool({ tools, nowMs });
  return {
    tools,
    secrets,
    call: (tool, args, more = {}) =>
      callTool({
        tool,
        args,
        caller: keyOf('key_1'),
        requestId: 'req_1',
        noCache: false,
        signal: new AbortController().signal,
        isAllowed: () => true,
        ...more,
      }),
    async close() {
      await tools.close();
      await outbound.close();
    },
  };
}

/** A caller's key as rules see it. */
export function keyOf(id: string): KeyPrincipal {
  return { type: 'key', id, name: id, role: 'caller', namespaces: null, agents: null };
}
