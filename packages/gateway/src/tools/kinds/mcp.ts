import { resolve } from 'node:path';
import { z } from 'zod';
import { matchesGlob } from '../../policy/rules/glob.ts';
import { createHttpTransport } from '../mcp/http-transport.ts';
import {
  createServerConnection,
  type ServerConnection,
  type ServerTool,
} from '../mcp/server-connection.ts';
import { createStdioTransport } from '../mcp/stdio-transport.ts';
import { originHeaders, traceHeaders } from '../outbound/origin-headers.ts';
import {
  environmentSettings,
  headerSettings,
  resolveHeaders,
  resolveValues,
} from '../secret-values.ts';
import {
  allowHosts,
  commonSettings,
  defineToolKind,
  outboundSettings,
  type SourceParts,
  type Tool,
} from '../tool.ts';
import { toolPrefix, usableName } from '../tool-names.ts';

const { description: _, ...limits } = commonSettings;

const names = z
  .array(z.string().min(1).max(200))
  .meta({ allowed: 'a list of names of its tools, in which `*` stands for anything' });

const mcpSettings = z
  .strictObject({
    kind: z.literal('mcp'),
    ...limits,
    command: z
      .array(z.string().min(1))
      .min(1)
      .optional()
      .describe('Program with its arguments that is the server, spoken to over stdin and stdout.'),
    cwd: z
      .string()
      .min(1)
      .default('.')
      .describe('Folder it is started in, below the project root.'),
    env: environmentSettings,
    url: z
      .string()
      .max(2000)
      .regex(/^https?:\/\/[^/{}?#@\s]+(?:[/?][^\s#]*)?$/)
      .meta({ allowed: 'an http:// or https:// URL' })
      .optional()
      .describe('Address of a server that is there already, spoken to over streamable HTTP.'),
    headers: headerSettings,
    trace_headers: traceHeaders.named.describe(
      'Whether it is told the request and the trace that a call is part of: in `x-request-id` and `traceparent` of HTTP requests, and in `_meta` of the call.',
    ),
    include: names.default(['*']).describe('Which of its tools there are here.'),
    exclude: names.default([]).describe('Those among them that there are not.'),
    prefix: toolPrefix.describe(
      'What stands before the names of its tools. Without it: the name of this entry and `_`.',
    ),
    connect_timeout_ms: z
      .int()
      .min(1)
      .max(600_000)
      .default(20_000)
      .describe('How long it may take until it has said which tools it has, in milliseconds.'),
    allow_hosts: allowHosts.optional().describe('Hosts that may be asked beside that of `url`.'),
    ...outboundSettings,
  })
  .refine(({ command, url }) => (command === undefined) !== (url === undefined), {
    error: 'Give either a command or a url.',
  })
  .describe('Has the tools of an MCP server.');

type Settings = z.output<typeof mcpSettings>;

/** The tools of an MCP server, which the gateway starts or reaches. */
export const mcp = defineToolKind({
  settings: mcpSettings,
  open(settings, parts) {
    const prefix = settings.prefix ?? `${parts.name}_`;
    const secrets = () => {
      const { problem: ofEnv, values: env } = resolveValues(settings.env, parts);
      const { problem: ofHeaders, values: headers } = resolveHeaders(settings.headers, parts);
      return { problem: ofEnv ?? ofHeaders, env, headers };
    };
    // Told at once, so that the values are hidden from the start.
    secrets();
    const connection = createServerConnection({
      async open() {
        const { problem, env } = secrets();
        if (problem !== null) throw new Error(problem);
        return openTransport(settings, parts, {
          env,
          headers: () => ({ ...connection.origin(), ...secrets().headers }),
        });
      },
      connectTimeoutMs: settings.connect_timeout_ms,
      onChange: () => {
        tools = toolsOf(connection.tools() ?? []);
        parts.onChange();
      },
    });
    let tools: ReadonlyMap<string, Tool> = new Map();
    const callOf = createCalls(connection, settings.trace_headers);
    const isWanted = ({ name }: ServerTool) =>
      settings.include.some((pattern) => matchesGlob(pattern, name)) &&
      !settings.exclude.some((pattern) => matchesGlob(pattern, name));
    const toolsOf = (listed: readonly ServerTool[]) =>
      new Map(
        listed.filter(isWanted).map(({ name, description, inputSchema }): [string, Tool] => [
          usableName(prefix + name),
          {
            description: (description ?? '').slice(0, 4000) || `Tool ${name} of ${parts.name}.`,
            parameters: { ...inputSchema, type: 'object' },
            problem: connection.problem,
            call: callOf(name),
          },
        ]),
      );
    return {
      tools: () => tools,
      problem: connection.problem,
      isAwaited: () => connection.tools() === null && connection.problem() === null,
      mayHave: (name) => connection.tools() === null && name.startsWith(prefix),
      start: connection.start,
      refresh: connection.refresh,
      close: connection.close,
    };
  },
});

/** One call for each name, however often the server lists it: so its cache is kept. */
function createCalls({ call }: ServerConnection, isTold: boolean): (tool: string) => Tool['call'] {
  const calls = new Map<string, Tool['call']>();
  return (tool) => {
    const known = calls.get(tool);
    const made: Tool['call'] =
      known ??
      ((args, signal, asked) => call({ tool, args, signal, origin: originHeaders(isTold, asked) }));
    calls.set(tool, made);
    return made;
  };
}

type Values = {
  readonly env: Readonly<Record<string, string>>;
  readonly headers: () => Readonly<Record<string, string>>;
};

/** Variables of the gateway's own that a server is given: what programs need to run at all. */
const passedOn = ['PATH', 'HOME', 'LANG', 'LC_ALL', 'TZ', 'TMPDIR', 'NODE_EXTRA_CA_CERTS'];

async function openTransport(
  { command, cwd, url = '', ...settings }: Settings,
  { projectRoot, environment, stream }: SourceParts,
  { env, headers }: Values,
) {
  if (command) {
    const own = passedOn.flatMap((name) => {
      const value = environment()[name];
      return value === undefined ? [] : [[name, value]];
    });
    const all = { ...Object.fromEntries(own), ...env };
    return createStdioTransport({ command, cwd: resolve(projectRoot, cwd), env: all });
  }
  const outbound = {
    allowHosts: [new URL(url).hostname.replace(/^\[|\]$/g, ''), ...(settings.allow_hosts ?? [])],
    denyHosts: settings.deny_hosts,
    allowAddresses: settings.allow_addresses,
  };
  return createHttpTransport({ url, headers, outbound }, stream);
}
