import { resolve } from 'node:path';
import { readPlainBytes } from '../../system/files.ts';
import type { OutboundSettings } from '../outbound/safe-fetch.ts';
import type { ToolParts } from '../tool.ts';
import { asObject, type Json } from './local-refs.ts';

const MAX_BYTES = 4 * 1024 * 1024;
const TIMEOUT_MS = 30_000;

/** A document, and where requests to its operations go. */
export type ApiDocument = { readonly json: Json; readonly server: URL };

/**
 * Reads a document in OpenAPI 3, JSON or YAML.
 *
 * @param settings.baseUrl - Where requests go in place of what the document says.
 * @throws Error with a reason for admins.
 */
export async function readDocument(
  settings: {
    readonly document: string;
    readonly baseUrl: string | null;
    readonly outbound: OutboundSettings;
  },
  parts: Pick<ToolParts, 'fetch' | 'projectRoot'>,
): Promise<ApiDocument> {
  const url = urlOf(settings.document);
  const text = url
    ? await download(url, settings.outbound, parts)
    : (await readPlainBytes(resolve(parts.projectRoot, settings.document), MAX_BYTES)).toString();
  const json = await parse(text);
  if (typeof json.openapi !== 'string' || !json.openapi.startsWith('3.')) {
    throw new Error('It is no document in OpenAPI 3.');
  }
  return { json, server: serverOf(json, { url, baseUrl: settings.baseUrl }) };
}

/** The URL that a setting is; null for the path of a file. */
export function urlOf(document: string): URL | null {
  return /^https?:\/\//.test(document) ? URL.parse(document) : null;
}

async function download(
  url: URL,
  outbound: OutboundSettings,
  { fetch }: Pick<ToolParts, 'fetch'>,
): Promise<string> {
  const signal = AbortSignal.timeout(TIMEOUT_MS);
  const answer = await fetch({ method: 'GET', url, maxBytes: MAX_BYTES, signal }, outbound);
  if (answer.status !== 200) throw new Error(`Its server answered with status ${answer.status}.`);
  if (answer.isCut) throw new Error(`It is longer than ${MAX_BYTES} bytes.`);
  return answer.bytes.toString('utf8');
}

async function parse(text: string): Promise<Json> {
  try {
    return asObject(JSON.parse(text));
  } catch {
    const { parse: parseYaml } = await import('yaml');
    return asObject(parseYaml(text, { maxAliasCount: 100, logLevel: 'error' }));
  }
}

function serverOf(
  json: Json,
  { url, baseUrl }: { readonly url: URL | null; readonly baseUrl: string | null },
): URL {
  if (baseUrl !== null) return new URL(baseUrl);
  const { url: given, variables } = asObject(Array.isArray(json.servers) ? json.servers[0] : null);
  const filled = (typeof given === 'string' ? given : '/').replaceAll(
    /\{([^{}]+)\}/g,
    (_match, name: string) => String(asObject(asObject(variables)[name]).default ?? ''),
  );
  const server = URL.parse(filled, url?.href);
  if (server === null)
    throw new Error('It names no server. Say where requests go with `base_url`.');
  // Keys of the settings go there: a page may not send them to somebody else.
  if (url && server.host !== url.host) {
    throw new Error(
      `It sends requests to ${server.host}. Where that is right, say so with \`base_url\`.`,
    );
  }
  return server;
}
