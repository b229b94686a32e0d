import { expect, test } from 'vitest';
import { documentText } from './document-text.ts';

function page(text: string, contentType = 'text/html; charset=utf-8') {
  return documentText({
    source: 'https://x.example/',
    contentType,
    bytes: Buffer.from(text),
    isCut: false,
  });
}

test('a page is read as Markdown, without its scripts and its navigation', async () => {
  const html = `<!doctype html><html><head><title>The &amp; guide</title><style>b{}</style></head><body>
    <nav><a href="/">Home</a></nav><h1>Guide</h1><p>One  <b>bold</b> and <a href="/two">two</a>.<br>Next
    <script>alert(1)</script><ul><li>first<li>second<ol><li>inner</ol></ul>
    <table><tr><th>a<th>b</tr><tr><td>1<td>2</tr></table><pre>  keep\n   this</pre><blockquote>said</blockquote></body>`;
  expect(await page(html)).toBe(`Title: The & guide
Source: https://x.example/

# Guide

One **bold** and [two](/two).
Next

- first
- second
  1. inner

| a | b |
| 1 | 2 |

\`\`\`
  keep
   this
\`\`\`

> said`);
});

test('a page that is malformed is read, one that is nested beyond reason as far as that', async () => {
  const wild = '<title>x</title></i></div>wild<a href="javascript:x">no</a><b><i>open';
  expect(await page(wild)).toBe('Title: x\nSource: https://x.example/\n\nwild[no]()**_open_**');
  const deep = await page(`begin${'<div><b a=1><p>'.repeat(100_000)}end`);
  expect(deep).toContain('begin');
  expect(deep).toContain('[cut: the page is nested too deeply to be read on]');
});

test.each([
  [
    '# Title\n\nText',
    'text/markdown',
    'Title: Title\nSource: https://x.example/\n\n# Title\n\nText',
  ],
  ['{"a":1}', 'application/problem+json', 'Source: https://x.example/\n\n{"a":1}'],
  ['a,b', 'text/csv; charset=nonsense', 'Source: https://x.example/\n\na,b'],
])('%j of %s', async (text, type, expected) => {
  expect(await page(text, type)).toBe(expected);
});

test('what is no text is refused', async () => {
  await expect(page('%PDF', 'application/pdf')).rejects.toThrow(
    'https://x.example/ is no text (application/pdf).',
  );
});

test('a document that was longer says so', async () => {
  const bytes = Buffer.from('begin');
  const document = { source: 'a.txt', contentType: 'text/plain', bytes, isCut: true };
  expect(await documentText(document)).toBe(
    'Source: a.txt\n\nbegin\n\n[cut: the document is longer than what is read of one]',
  );
});

test('a long page gives way to other work while it is read, and ends with its call', async () => {
  let turns = 0;
  const count = () => {
    turns += 1;
    ticking = setImmediate(count);
  };
  let ticking = setImmediate(count);
  await page('<h1>'.repeat(1024 * 1024));
  clearImmediate(ticking);
  expect(turns).toBeGreaterThan(10);
  const ended = AbortSignal.abort(new Error('It took too long.'));
  const document = {
    source: 'x',
    contentType: 'text/html',
    bytes: Buffer.from('<td>'.repeat(1024 * 1024)),
    isCut: false,
  };
  await expect(documentText(document, ended)).rejects.toThrow('It took too long.');
});
