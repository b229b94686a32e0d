import { GatewayError } from '../../errors.ts';
import type { UpstreamApi } from '../../protocol/records.ts';
import type { HostedTool } from '../../protocol/tools/hosted-tools.ts';
import { parseObject } from '../relay/request-body.ts';
import { isOfBody, knownTexts, type ToolsField, toolsFields } from './tools-field.ts';

/** What a request that may declare hosted tools declares. */
export type DeclaredTools = {
  readonly hosted: readonly Declared[];
  /** It can be read in more than one way, so it is to be sent as it was read here. */
  readonly isAmbiguous: boolean;
  /** The whole of it, where it was read for that. */
  readonly whole: ReadTools | null;
  /** Reads the whole of it. */
  readonly read: () => ReadTools;
};

/** The fields of a request, and the hosted tools that they declare. */
export type ReadTools = {
  readonly fields: Readonly<Record<string, unknown>>;
  readonly hosted: readonly Declared[];
};

/** A hosted tool, and the part of the request that declares it. */
export type Declared = {
  readonly tool: HostedTool;
  readonly part: 'tools' | 'web_search_options' | 'prompt';
  /** The entry of `tools`. */
  readonly entry: unknown;
};

/** Letters, digits and `_` that are written as escapes: nobody who means well does. */
const ESCAPED_NAME = /^\\u00(?:3[0-9]|[46][1-9a-f]|[57][0-9a]|5f)/i;

/** A prompt that the upstream keeps may bring tools of its own. */
const KEPT_PROMPT = /^"prompt"\s*:\s*\{\s*"(?:id|version|variables)"/;

const CHAT_SEARCH = /^"web_search_options"/;

/** As much of a body as those look at. */
const LOOKED_AT = 100;

/** Values of `type` that stand in requests without any hosted tool: of tools that run here, of schemas and of messages. */
const HARMLESS = knownTexts(
  `function custom object array string number integer boolean null message text input_text output_text refusal input_image
  image_url input_file file input_audio function_call function_call_output custom_tool_call custom_tool_call_output reasoning
  summary_text reasoning_text json_schema json_object auto ephemeral`.split(/\s+/),
);

const KNOWN = new Set(
  `web_search file_search code_interpreter image_generation mcp computer computer_use shell local_shell apply_patch
  tool_search`.split(/\s+/),
);

/**
 * Reads which hosted tools the body of a model call declares; null where a look at its bytes shows that there are none,
 * as in nearly all of them.
 *
 * @throws GatewayError `invalid_json` for a body that may have some and cannot be read.
 */
export function findHosted(body: Buffer, api: UpstreamApi): DeclaredTools | null {
  // Some servers read other encodings than UTF-8, in which nothing would be found here.
  if (body.includes(0)) throw unreadable();
  const isEscaped = has(body, '\\u00', ESCAPED_NAME);
  const isElsewhere =
    api === 'responses' ? has(body, '"promp', KEPT_PROMPT) : has(body, '"web_se', CHAT_SEARCH);
  const fields = toolsFields(body, HARMLESS);
  const suspected = fields?.filter(({ suspects }) => suspects.length > 0);
  if (!isEscaped && !isElsewhere && suspected?.length === 0) return null;
  const [only, ...others] = fields ?? [];
  const isPlain = !isEscaped && !isElsewhere && only && others.length === 0;
  return (isPlain && readSuspects(body, only)) || readWhole(body, isEscaped || others.length > 0);
}

/** Reads the entries of the only `tools` that may be hosted ones; null where that does not say what the body declares. */
function readSuspects(body: Buffer, field: ToolsField): DeclaredTools | null {
  if (!isOfBody(body, field)) return null;
  try {
    const entries = field.suspects.map(([from, to]) => JSON.parse(body.toString('utf8', from, to)));
    return {
      hosted: ofTools(entries),
      isAmbiguous: false,
      whole: null,
      read: () => readFields(body),
    };
  } catch {
    return null;
  }
}

function readWhole(body: Buffer, isAmbiguous: boolean): DeclaredTools {
  const whole = readFields(body);
  return { hosted: whole.hosted, isAmbiguous, whole, read: () => whole };
}

function readFields(body: Buffer): ReadTools {
  const fields = parseObject(body);
  if (!fields) throw unreadable();
  return { fields, hosted: declaredIn(fields) };
}

/** Whether a pattern fits somewhere; `start` is how it begins, of 7 bytes at most: longer ones are found far slower. */
function has(body: Buffer, start: string, pattern: RegExp): boolean {
  for (let at = body.indexOf(start); at >= 0; at = body.indexOf(start, at + 1)) {
    if (pattern.test(body.toString('latin1', at, at + LOOKED_AT))) return true;
  }
  return false;
}

function ofTools(entries: readonly unknown[]): Declared[] {
  return entries.flatMap((entry) =>
    hostedIn(entry).map((tool): Declared => ({ tool, part: 'tools', entry })),
  );
}

function declaredIn(fields: ReadTools['fields']): Declared[] {
  const listed = Array.isArray(fields.tools) ? fields.tools : [];
  const { web_search_options: search, prompt } = fields;
  return [
    ...ofTools(listed),
    ...(search === undefined || search === null
      ? []
      : [
          {
            tool: named('web_search', 'web_search'),
            part: 'web_search_options',
            entry: search,
          } as const,
        ]),
    ...(typeof prompt === 'object' && prompt !== null
      ? [{ tool: keptPrompt(prompt), part: 'prompt', entry: prompt } as const]
      : []),
  ];
}

/** The hosted tools that one entry stands for: a namespace holds several. */
function hostedIn(entry: unknown): HostedTool[] {
  if (typeof entry !== 'object' || entry === null) return [];
  const tool = entry as Readonly<Record<string, unknown>>;
  const type = typeof tool.type === 'string' ? tool.type : '';
  if (type === 'function' || type === 'custom' || type === '') return [];
  if (type === 'namespace') return Array.isArray(tool.tools) ? tool.tools.flatMap(hostedIn) : [];
  return type === 'mcp' ? [hostedServer(tool)] : [named(baseOf(type), type)];
}

/** Types have dates and stages: `web_search_preview_2025_03_11`. */
function baseOf(type: string): string {
  return type.replace(/_\d{4}_\d{2}_\d{2}$/, '').replace(/_preview$/, '');
}

function named(name: string, type: string): HostedTool {
  return { name, aliases: type === name ? [] : [type], isKnown: KNOWN.has(name) };
}

/** By the host of its server: what a module calls it proves nothing. */
function hostedServer({
  server_url: url,
  connector_id: connector,
  server_label: label,
}: Readonly<Record<string, unknown>>): HostedTool {
  const host = typeof url === 'string' ? (URL.parse(url)?.host ?? 'unknown') : null;
  const given = [host, connector, label].find((name) => typeof name === 'string') ?? 'unknown';
  const name = `mcp:${String(given).toLowerCase().slice(0, 200)}`;
  return { name, aliases: ['hosted_mcp'], isKnown: true };
}

function keptPrompt(prompt: object): HostedTool {
  const id = 'id' in prompt && typeof prompt.id === 'string' ? prompt.id : 'unknown';
  return { name: `prompt:${id.slice(0, 200)}`, aliases: [], isKnown: false };
}

function unreadable(): GatewayError {
  return new GatewayError('invalid_json', 'A model call is a JSON object in UTF-8.');
}
