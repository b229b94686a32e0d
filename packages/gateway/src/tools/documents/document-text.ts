import { ToolError } from '../tool.ts';
import { htmlToMarkdown } from './html-to-markdown.ts';

/** What was read, before it is text for a model. */
export type Document = {
  /** A path, or the address of the page that answered. */
  readonly source: string;
  /** In small letters. */
  readonly contentType: string;
  readonly bytes: Buffer;
  /** Whether there was more of it. */
  readonly isCut: boolean;
};

/**
 * A document as a model reads it: title and source, then its text, HTML as Markdown.
 *
 * @throws ToolError for what is no text.
 */
export async function documentText(document: Document, signal?: AbortSignal): Promise<string> {
  const { source, isCut } = document;
  const { title, text } = await readable(document, signal);
  const head = title === null ? [] : [`Title: ${title}`];
  const end = isCut ? ['', '[cut: the document is longer than what is read of one]'] : [];
  return [...head, `Source: ${source}`, '', text, ...end].join('\n');
}

type Readable = { readonly title: string | null; readonly text: string };

async function readable(
  { contentType, bytes, source }: Document,
  signal: AbortSignal | undefined,
): Promise<Readable> {
  const [type = ''] = contentType.split(';');
  const text = decode(bytes, contentType);
  switch (type.trim()) {
    case 'text/html':
    case 'application/xhtml+xml':
      return htmlToMarkdown(text, signal);
    case 'text/markdown':
      return { title: /^#\s+(.+)$/m.exec(text)?.[1]?.trim() ?? null, text };
    default:
      if (isText(type.trim())) return { title: null, text };
      throw new ToolError(
        `${source} is no text (${type.trim().slice(0, 80) || 'of no known type'}).`,
      );
  }
}

function isText(type: string): boolean {
  return (
    type.startsWith('text/') || /^application\/(?:[\w.-]+\+)?(?:json|xml|yaml|x-yaml)$/.test(type)
  );
}

function decode(bytes: Buffer, contentType: string): string {
  const charset = /charset="?([\w-]+)/.exec(contentType)?.[1] ?? 'utf-8';
  try {
    return new TextDecoder(charset).decode(bytes);
  } catch {
    // A name of a character set that nobody knows.
    return bytes.toString('utf8');
  }
}
