import { setImmediate } from 'node:timers/promises';
import { createMarkdownWriter, type MarkdownWriter } from './markdown-writer.ts';

/** A page as Markdown, with its title or, without one, its first heading. */
export type MarkdownPage = { readonly title: string | null; readonly text: string };

/** Elements within elements beyond this, what follows is not read: the parser looks through all that are open. */
const MAX_DEPTH = 500;

/** A page of some MiB takes seconds: after so many milliseconds, other work has its turn. */
const SLICE_MS = 5;

/** So much is read between two looks at the depth. */
const PIECE_LENGTH = 4096;

/**
 * HTML as Markdown, in one pass and without a tree: what a page holds, however malformed it is, costs no more than its
 * length. One that is nested beyond reason is read so far. Gives way to other work; rejects with the signal's reason.
 */
export async function htmlToMarkdown(html: string, signal?: AbortSignal): Promise<MarkdownPage> {
  // Seldom needed.
  const { Parser } = await import('htmlparser2');
  const writer = createMarkdownWriter();
  const page: Page = { writer, lists: [], links: [], preformatted: 0, hushed: 0, heading: '' };
  let title = '';
  let isTitle = false;
  let depth = 0;
  const parser = new Parser({
    onopentag(name, { href = '' }) {
      depth += 1;
      if (name === 'title') isTitle = title === '';
      if (silent.has(name)) page.hushed += 1;
      else if (page.hushed === 0) open(page, name, href);
    },
    onclosetag(name) {
      depth -= 1;
      if (name === 'title') isTitle = false;
      if (silent.has(name)) page.hushed = Math.max(0, page.hushed - 1);
      else if (page.hushed === 0) close(page, name);
    },
    ontext(text) {
      if (isTitle) title += text;
      if (page.hushed > 0) return;
      if (page.preformatted > 0) writer.close(text);
      else writer.text(text);
    },
  });
  let sinceMs = performance.now();
  for (let start = 0; start < html.length && depth < MAX_DEPTH; start += PIECE_LENGTH) {
    parser.write(html.slice(start, start + PIECE_LENGTH));
    if (performance.now() - sinceMs < SLICE_MS) continue;
    await setImmediate();
    signal?.throwIfAborted();
    sinceMs = performance.now();
  }
  const isTooDeep = depth >= MAX_DEPTH;
  parser.end();
  if (isTooDeep) {
    writer.breakLine(2);
    writer.mark('[cut: the page is nested too deeply to be read on]');
  }
  const shown = title.replaceAll(/\s+/g, ' ').trim() || page.heading;
  return { title: shown === '' ? null : shown, text: writer.since(0) };
}

type Page = {
  readonly writer: MarkdownWriter;
  /** Numbers of the items so far in the open lists; null in one without numbers. */
  readonly lists: (number | null)[];
  /** Where the open links lead. */
  readonly links: string[];
  preformatted: number;
  /** Elements open that are no part of what a page says. */
  hushed: number;
  /** The first one. */
  heading: string;
  headingPlace?: number;
};

const silent = new Set(
  'title script style noscript template svg iframe head nav footer form button select'.split(' '),
);

/** What stands in a paragraph of its own. */
const paragraphs = new Set(
  'p div section article main header aside table dl dd dt figure figcaption details summary address'.split(
    ' ',
  ),
);

const wraps: ReadonlyMap<string, string> = new Map(
  Object.entries({ b: '**', strong: '**', i: '_', em: '_', code: '`', kbd: '`' }),
);

/** Lists in lists beyond this are indented no further. */
const MAX_INDENT = 8;

function open(page: Page, name: string, href: string): void {
  const { writer } = page;
  const wrap = page.preformatted === 0 ? wraps.get(name) : undefined;
  if (wrap) writer.mark(wrap);
  else if (/^h[1-6]$/.test(name)) {
    writer.breakLine(2);
    writer.mark(`${'#'.repeat(Number(name[1]))} `);
    page.headingPlace = writer.place();
  } else if (name === 'a') {
    page.links.push(linkTarget(href));
    writer.mark('[');
  } else openBlock(page, name);
}

function openBlock(page: Page, name: string): void {
  const { writer, lists } = page;
  switch (name) {
    case 'br':
    case 'tr':
      writer.breakLine(1);
      break;
    case 'hr':
      writer.breakLine(2);
      writer.mark('---');
      writer.breakLine(2);
      break;
    case 'ul':
    case 'ol':
      writer.breakLine(lists.length > 0 ? 1 : 2);
      lists.push(name === 'ol' ? 0 : null);
      break;
    case 'li':
      openItem(page);
      break;
    case 'td':
    case 'th':
      writer.mark('| ');
      break;
    case 'blockquote':
      writer.breakLine(2);
      writer.mark('> ');
      break;
    case 'pre':
      writer.breakLine(2);
      writer.mark('```\n');
      page.preformatted += 1;
      break;
    default:
      if (paragraphs.has(name)) writer.breakLine(lists.length > 0 ? 1 : 2);
  }
}

function openItem({ writer, lists }: Page): void {
  const last = lists.length - 1;
  const before = lists[last] ?? null;
  if (before !== null) lists[last] = before + 1;
  writer.breakLine(1);
  const indent = '  '.repeat(Math.min(Math.max(0, last), MAX_INDENT));
  writer.mark(`${indent}${before === null ? '-' : `${before + 1}.`} `);
}

function close(page: Page, name: string): void {
  const { writer, lists } = page;
  const wrap = page.preformatted === 0 ? wraps.get(name) : undefined;
  if (wrap) writer.close(wrap);
  else if (/^h[1-6]$/.test(name)) {
    page.heading ||= writer.since(page.headingPlace ?? writer.place());
    writer.breakLine(2);
  } else if (name === 'a') writer.close(`](${page.links.pop() ?? ''})`);
  else if (name === 'pre' && page.preformatted > 0) {
    page.preformatted -= 1;
    writer.close('\n```');
    writer.breakLine(2);
  } else if (name === 'td' || name === 'th') writer.close(' ');
  else if (name === 'tr') writer.close('|');
  else if (name === 'ul' || name === 'ol') {
    lists.pop();
    writer.breakLine(lists.length > 0 ? 1 : 2);
  } else if (paragraphs.has(name) || name === 'blockquote') {
    writer.breakLine(lists.length > 0 ? 1 : 2);
  }
}

/** Where a link leads, where that is a place that a model could name; scripts and data are none. */
function linkTarget(href: string): string {
  return /^\s*(?:javascript|data|vbscript):/i.test(href) ? '' : href.trim();
}
