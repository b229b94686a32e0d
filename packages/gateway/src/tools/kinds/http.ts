import { z } from 'zod';
import { originHeaders, traceHeaders } from '../outbound/origin-headers.ts';
import { headerSettings, resolveHeaders } from '../secret-values.ts';
import { allowHosts, commonSettings, defineToolKind, outboundSettings } from '../tool.ts';
import { answerText } from './http-answer.ts';
import { fillRequest } from './http-request.ts';

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
      headers: headerSettings,
      trace_headers: traceHeaders.named,
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
        return resolved().problem;
      },
      async call(args, signal, asked) {
        const request = fillRequest(settings, args);
        const answer = await parts.fetch(
          {
            ...request,
            headers: {
              ...request.headers,
              ...originHeaders(settings.trace_headers, asked),
              ...resolved().values,
            },
            maxBytes: settings.max_result_bytes,
            signal,
          },
          outbound,
        );
        return answerText(answer, settings.max_result_bytes);
      },
    };
  },
});
