import { type GatewayTool, makeGatewayTool } from './tools/gateway-tool.ts';
import { processTools } from './tools/process-tools.ts';

export type { GatewayTool } from './tools/gateway-tool.ts';

/** Names of gateway tools, as a declaration of the project may list them, so that an editor completes them. */
// biome-ignore lint/suspicious/noEmptyInterface: a declaration file of the project adds to it.
export interface GatewayToolNames {}

/** What a gateway tool may be used with. */
export type GatewayToolOptions = {
  /** In place of what the gateway says of the tool. */
  readonly description?: string;
  /** Calls it anew each time, whatever is kept of equal calls. */
  readonly noCache?: boolean;
};

/**
 * A tool that the gateway owns and executes, for an agent's `tools`: `tools: [gatewayTool('fetch_doc')]`.
 * Its calls go to the gateway; what the gateway refuses is told to the model. Outside of a gateway a call throws.
 *
 * @param options - A text is its description.
 */
export function gatewayTool(
  name: keyof GatewayToolNames | (string & {}),
  options: string | GatewayToolOptions = {},
): GatewayTool {
  processTools.use(name);
  const { description, noCache = false } =
    typeof options === 'string' ? { description: options } : options;
  return makeGatewayTool({ name, description, noCache });
}
