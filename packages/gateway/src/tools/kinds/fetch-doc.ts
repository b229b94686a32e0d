import { resolve } from 'node:path';
import { z } from 'zod';
import { readDocFile } from '../documents/doc-file.ts';
import { type Document, documentText } from '../documents/document-text.ts';
import { originHeaders, traceHeaders } from '../outbound/origin-headers.ts';
import {
  type AskedCall,
  allowHosts,
  commonSettings,
  defineToolKind,
  outboundSettings,
  ToolError,
} from '../tool.ts';

/** Most bytes read of a page or a file, before it becomes text. */
const MAX_READ_BYTES = 4 * 1024 * 1024;

/** Reads a page of the web or a file of a folder, as text that a model can read. */
export const fetchDoc = defineToolKind({
  settings: z
    .strictObject({
      kind: z.literal('fetch_doc'),
      ...commonSettings,
      docs_root: z
        .string()
        .min(1)
        .default('docs')
        .describe('Folder whose files it reads, below the project root unless absolute.'),
      allow_hosts: allowHosts
        .default([])
        .describe('Hosts whose pages it reads; without them only files.'),
      trace_headers: traceHeaders.any,
      ...outboundSettings,
    })
    .describe('Reads documents: files below a folder, pages of the web.'),
  create(settings, { fetch, projectRoot }) {
    const root = resolve(projectRoot, settings.docs_root);
    const readsWeb = settings.allow_hosts.length > 0;
    const outbound = {
      allowHosts: settings.allow_hosts,
      denyHosts: settings.deny_hosts,
      allowAddresses: settings.allow_addresses,
    };

    const readPage = async (url: URL, signal: AbortSignal, asked: AskedCall): Promise<Document> => {
      const headers = originHeaders(settings.trace_headers, asked);
      const request = { method: 'GET', url, headers, maxBytes: MAX_READ_BYTES, signal };
      const answer = await fetch(request, outbound);
      if (answer.status >= 400) {
        throw new ToolError(`${url.href} answered with status ${answer.status}.`);
      }
      return { source: answer.url, ...answer };
    };

    return {
      description: settings.description ?? describe(readsWeb),
      parameters: {
        type: 'object',
        properties: {
          source: {
            type: 'string',
            minLength: 1,
            maxLength: 2000,
            description: readsWeb
              ? 'Path of a document, such as guide.md, or the address of a page (https://…).'
              : 'Path of a document, such as guide.md. "." lists the documents.',
          },
        },
        required: ['source'],
        additionalProperties: false,
      },
      problem: () => null,
      async call({ source }, signal, call) {
        const asked = String(source).trim();
        const url = /^[a-z][a-z0-9+.-]*:\/\//i.test(asked) ? URL.parse(asked) : null;
        if (url && !readsWeb) {
          throw new ToolError('Only documents of this project can be read here, by their paths.');
        }
        const document = url
          ? await readPage(url, signal, call)
          : await readDocFile(root, asked, MAX_READ_BYTES);
        return documentText(document, signal);
      },
    };
  },
});

function describe(readsWeb: boolean): string {
  const what = readsWeb
    ? 'a document of this project or a page of the web'
    : 'a document of this project';
  return `Reads ${what} and gives its title, source and text.`;
}
