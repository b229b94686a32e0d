import { isDeepStrictEqual } from 'node:util';
import { z } from 'zod';
import { matchesGlob } from '../../policy/rules/glob.ts';
import { operationRequest } from '../openapi/operation-request.ts';
import { type Operation, operationsOf } from '../openapi/operations.ts';
import { readDocument, urlOf } from '../openapi/read-document.ts';
import { originHeaders, traceHeaders } from '../outbound/origin-headers.ts';
import type { SafeFetch } from '../outbound/safe-fetch.ts';
import { createRetry } from '../retry.ts';
import { headerSettings, resolveHeaders } from '../secret-values.ts';
import {
  allowHosts,
  commonSettings,
  defineToolKind,
  outboundSettings,
  type Tool,
  ToolError,
} from '../tool.ts';
import { toolPrefix, usableName } from '../tool-names.ts';
import { answerText } from './http-answer.ts';

const { description: _, ...limits } = commonSettings;

const names = z
  .array(z.string().min(1).max(200))
  .meta({ allowed: 'a list of names of its operations, in which `*` stands for anything' });

/** A document that could not be read is read again after so long. */
const RETRY_MS = 30_000;

/** One tool for each operation of an API that a document in OpenAPI describes. */
export const openapi = defineToolKind({
  settings: z
    .strictObject({
      kind: z.literal('openapi'),
      ...limits,
      document: z
        .string()
        .min(1)
        .max(2000)
        .describe('Path below the project root, or URL, of a document in OpenAPI 3.'),
      base_url: z
        .string()
        .max(2000)
        .regex(/^https?:\/\/[^/{}?#@\s]+(?:\/[^\s?#{}]*)?$/)
        .meta({ allowed: 'an http:// or https:// URL' })
        .optional()
        .describe('Where requests go. Without it: the first server that the document names.'),
      headers: headerSettings,
      trace_headers: traceHeaders.named,
      include: names.default(['*']).describe('Which operations are tools, by `operationId`.'),
      exclude: names.default([]).describe('Those among them that are not.'),
      prefix: toolPrefix.describe(
        'What stands before the names of its tools. Without it: the name of this entry and `_`.',
      ),
      allow_hosts: allowHosts.optional().describe('Hosts that it may be sent on to.'),
      ...outboundSettings,
    })
    .describe('Asks a server over HTTP, with a tool for each operation that a document describes.'),
  open(settings, parts) {
    const prefix = settings.prefix ?? `${parts.name}_`;
    const resolved = () => resolveHeaders(settings.headers, parts);
    // Told at once, so that the values are hidden from the start.
    resolved();
    const outboundTo = (hosts: readonly string[]) => ({
      allowHosts: [...hosts, ...(settings.allow_hosts ?? [])],
      denyHosts: settings.deny_hosts,
      allowAddresses: settings.allow_addresses,
    });
    const isWanted = ({ name }: Operation) =>
      settings.include.some((pattern) => matchesGlob(pattern, name)) &&
      !settings.exclude.some((pattern) => matchesGlob(pattern, name));
    const toTool = keepEqual(
      createOperationTool({
        headers: resolved,
        isTold: settings.trace_headers,
        maxBytes: settings.max_result_bytes,
        fetch: (request, server) => parts.fetch(request, outboundTo([bare(server)])),
      }),
    );
    let tools: ReadonlyMap<string, Tool> | null = null;
    let problem: string | null = null;
    const retry = createRetry(() => void read(), { first: RETRY_MS, longest: RETRY_MS });
    let isStarted = false;
    let isClosed = false;
    const read = async () => {
      retry.cancel();
      try {
        const url = urlOf(settings.document);
        const outbound = outboundTo(url ? [bare(url)] : []);
        const { document, base_url: baseUrl = null } = settings;
        const { json, server } = await readDocument({ document, baseUrl, outbound }, parts);
        const wanted = operationsOf(json).filter(isWanted);
        const named = (each: Operation) => usableName(prefix + each.name);
        tools = new Map(wanted.map((each) => [named(each), toTool(each, server)]));
        problem = null;
      } catch (error) {
        const reason = error instanceof Error ? error.message : String(error);
        problem = `The document cannot be read. ${reason}`;
        if (!isClosed) retry.later();
      }
      if (!isClosed) parts.onChange();
    };
    return {
      tools: () => tools ?? new Map(),
      problem: () => problem,
      isAwaited: () => tools === null && problem === null,
      mayHave: (name) => tools === null && name.startsWith(prefix),
      start() {
        if (!isStarted) void read();
        isStarted = true;
      },
      refresh: async () => (isStarted ? read() : undefined),
      async close() {
        isClosed = true;
        retry.cancel();
      },
    };
  },
});

type OperationToolDeps = {
  /** Those of the settings, with their values. */
  readonly headers: () => ReturnType<typeof resolveHeaders>;
  /** Whether its server is told what a call is part of. */
  readonly isTold: boolean;
  readonly maxBytes: number;
  readonly fetch: (
    request: Parameters<SafeFetch['fetch']>[0],
    server: URL,
  ) => ReturnType<SafeFetch['fetch']>;
};

/** Makes what makes a tool of an operation at a server. */
function createOperationTool(deps: OperationToolDeps): (operation: Operation, server: URL) => Tool {
  return (operation, server) => ({
    description: operation.description,
    parameters: operation.schema,
    problem: () => deps.headers().problem,
    async call(args, signal, asked) {
      const request = operationRequest(operation, server, args);
      if (request.url.origin !== server.origin) throw new ToolError('It leads to another server.');
      const origin = originHeaders(deps.isTold, asked);
      const headers = { ...request.headers, ...origin, ...deps.headers().values };
      const { maxBytes } = deps;
      return answerText(
        await deps.fetch({ ...request, headers, maxBytes, signal }, server),
        maxBytes,
      );
    },
  });
}

type ToTool = ReturnType<typeof createOperationTool>;

/** Operations that are remembered, more than one document has. */
const MAX_REMEMBERED = 1000;

/** Gives the same tool again for an operation that is as it was: its cache is kept with it. */
function keepEqual(toTool: ToTool): ToTool {
  const made = new Map<string, { readonly of: readonly unknown[]; readonly tool: Tool }>();
  return (operation, server) => {
    const of = [operation, server.href];
    const known = made.get(operation.name);
    const tool = known && isDeepStrictEqual(known.of, of) ? known.tool : toTool(operation, server);
    // Documents come from servers, and have other names each time if they like.
    if (made.size >= MAX_REMEMBERED) made.clear();
    made.set(operation.name, { of, tool });
    return tool;
  };
}

function bare({ hostname }: URL): string {
  return hostname.replace(/^\[|\]$/g, '');
}
