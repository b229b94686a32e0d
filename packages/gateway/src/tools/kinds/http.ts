import { z } from 'zod';
import { cutText } from '../cut-result.ts';
import type { OutboundAnswer } from '../outbound/safe-fetch.ts';
import {
  allowHosts,
  commonSettings,
  defineToolKind,
  outboundSettings,
  ToolError,
  type ToolParts,
} from '../tool.ts';
import { fillRequest } from './http-request.ts';

const variable = z.strictObject({
  env: z
    .string()
    .regex(/^[A-Za-z_][A-Za-z0-9_]*$/)
    .describe('Name of the environment variable that holds the value.'),
});

const headerName = z
  .string()
  .regex(/^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/)
  .meta({ allowed: 'names of headers' });

const headerValue = z
  .union([z.string().regex(/^[\t\x20-\x7e]*$/), variable])
  .meta({ allowed: 'a text, or { env: NAME } for the value of an environment variable' });

/** As much of a server's own words about a failure as a model is told. */
const MAX_REASON_BYTES = 500;

/** Asks a server over HTTP: the arguments fill the URL, the rest of them goes into the query or, as JSON, the body. */
export const http = defineToolKind({
  settings: z
    .strictObject({
      kind: z.literal('http'),
      ...commonSettings,
      method: z.enum(['GET', 'POST', 'PUT', 'PATCH', 'DELETE']).default('GET').describe('Method.'),
      url: z
        .string()
        .max(2000)
        .regex(/^https?:\/\/[^/{}?#@\s]+(?:[/?][^\s#]*)?$/)
        .meta({
          allowed:
            'an http:// or https:// URL in which {name} stands for an argument, after the host: https://api.example.com/weather/{city}',
        })
        .describe('Address, with `{name}` for arguments.'),
      headers: z
        .record(headerName, headerValue)
        .default({})
        .describe('Headers; a secret is `{ env: NAME }`.'),
      parameters: z
        .record(z.string(), z.unknown())
        .refine((schema) => schema.type === 'object')
        .meta({ allowed: 'a JSON schema with type: object' })
        .describe('JSON schema of the arguments, an object.'),
      allow_hosts: allowHosts
        .optional()
        .describe('Hosts that it may be sent on to. Without it: the host of `url` alone.'),
      ...outboundSettings,
    })
    .describe('Asks a server over HTTP.'),
  create(settings, parts) {
    const { hostname } = new URL(settings.url.replaceAll(/\{\w+\}/g, 'x'));
    const outbound = {
      allowHosts: [hostname.replace(/^\[|\]$/g, ''), ...(settings.allow_hosts ?? [])],
      denyHosts: settings.deny_hosts,
      allowAddresses: settings.allow_addresses,
    };
    const resolved = () => resolveHeaders(settings.headers, parts);
    // Told at once, so that the values are hidden from the start.
    resolved();
    return {
      description: settings.description ?? `Asks ${hostname}.`,
      parameters: settings.parameters,
      problem() {
        const { missing } = resolved();
        return missing.length > 0
          ? `${missing.join(' and ')} is not set in the environment.`
          : null;
      },
      async call(args, signal) {
        const request = fillRequest(settings, args);
        const answer = await parts.fetch(
          {
            ...request,
            headers: { ...request.headers, ...resolved().headers },
            maxBytes: settings.max_result_bytes,
            signal,
          },
          outbound,
        );
        return textOf(answer, settings.max_result_bytes);
      },
    };
  },
});

function resolveHeaders(
  given: Readonly<Record<string, string | { readonly env: string }>>,
  { environment, onSecret }: Pick<ToolParts, 'environment' | 'onSecret'>,
) {
  const missing: string[] = [];
  const secret = (name: string): string => {
    const value = environment()[name]?.trim() ?? '';
    if (value === '') missing.push(name);
    else onSecret(value);
    return value;
  };
  const headers = Object.entries(given).map(([name, value]) => [
    name.toLowerCase(),
    typeof value === 'string' ? value : secret(value.env),
  ]);
  return { headers: Object.fromEntries(headers) as Record<string, string>, missing };
}

function textOf({ status, bytes, isCut }: OutboundAnswer, maxBytes: number): string {
  const text = bytes.toString('utf8');
  if (status >= 400) {
    const reason = cutText(text.trim(), MAX_REASON_BYTES);
    throw new ToolError(`The server answered with status ${status}${reason ? `: ${reason}` : '.'}`);
  }
  if (status >= 300) throw new ToolError(`The server answered with status ${status}.`);
  return isCut ? `${text}\n\n[cut: the answer is longer than ${maxBytes} bytes]` : text;
}
