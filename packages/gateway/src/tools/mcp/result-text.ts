import type { CallToolResult, ContentBlock } from '@modelcontextprotocol/client';
import { cutText } from '../cut-result.ts';
import { ToolError } from '../tool.ts';

/** As much of a server's own words about a failure as a model is told. */
const MAX_REASON_BYTES = 500;

/**
 * What a server answered, as text: its parts one below the other; of pictures and sound what they are.
 *
 * @throws ToolError where the server says that the call failed.
 */
export function resultText({ content, structuredContent, isError }: CallToolResult): string {
  const parts = content.map(textOf).filter((text) => text !== '');
  const text =
    parts.length === 0 && structuredContent !== undefined
      ? JSON.stringify(structuredContent)
      : parts.join('\n\n');
  if (!isError) return text;
  throw new ToolError(cutText(text.trim(), MAX_REASON_BYTES) || 'The server gave no reason.');
}

function textOf(part: ContentBlock): string {
  switch (part.type) {
    case 'text':
      return part.text;
    case 'image':
    case 'audio':
      return `[${part.type}: ${part.mimeType}]`;
    case 'resource_link':
      return `[${part.name}: ${part.uri}]`;
    case 'resource':
      return 'text' in part.resource ? part.resource.text : `[${part.resource.uri}]`;
    default:
      // Of a later version of the protocol.
      return '';
  }
}
