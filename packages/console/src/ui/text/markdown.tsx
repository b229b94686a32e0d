import DOMPurify from 'dompurify';
import { Marked } from 'marked';
import { memo, useMemo } from 'react';
import styles from './markdown.module.css';

const marked = new Marked({
  gfm: true,
  breaks: true,
  renderer: {
    // A picture becomes its description, since to show it would ask its server.
    image: ({ text }) => `<em>${escaped(text)}</em>`,
    // HTML is shown as it was written, but for the few words of it that answers are full of.
    html({ text, block }) {
      if (plainTag.test(text)) return text;
      return block ? `<p>${escaped(text)}</p>` : escaped(text);
    },
  },
});

const plainTag = /^<\/?(?:b|br|code|del|em|i|s|strong|sub|sup)\s*\/?>$/i;

/** One for all: the policy of the page lets in one maker of safe HTML, and no second of its name. */
const purify = DOMPurify();
purify.addHook('afterSanitizeAttributes', (node) => {
  if (node.tagName !== 'A') return;
  node.setAttribute('rel', 'noopener noreferrer nofollow');
  node.setAttribute('target', '_blank');
});

/** What answers may be made of. No style, no form, no frame, no picture of elsewhere, no id that the page could take for its own. */
const allowed = {
  ALLOWED_TAGS: [
    'a',
    'b',
    'blockquote',
    'br',
    'code',
    'del',
    'em',
    'h1',
    'h2',
    'h3',
    'h4',
    'h5',
    'h6',
    'hr',
    'i',
    'li',
    'ol',
    'p',
    'pre',
    's',
    'strong',
    'sub',
    'sup',
    'table',
    'tbody',
    'td',
    'th',
    'thead',
    'tr',
    'ul',
  ],
  ALLOWED_ATTR: ['href', 'title', 'start', 'align'],
  ALLOWED_URI_REGEXP: /^(?:https?|mailto):/i,
  RETURN_TRUSTED_TYPE: true,
};

/** Longer texts are shown as they are: to read them as Markdown would hold up the page. */
const maxChars = 200_000;

/** A text of a model as Markdown, made safe. */
export const Markdown = memo(function Markdown({ source }: { readonly source: string }) {
  const html = useMemo(() => (source.length > maxChars ? null : render(source)), [source]);
  if (html === null)
    return (
      <pre className={styles.plain} dir="auto">
        {source}
      </pre>
    );
  return (
    <div
      dir="auto"
      className={styles.markdown}
      // biome-ignore lint/security/noDangerouslySetInnerHtml: made safe by DOMPurify, here alone
      dangerouslySetInnerHTML={{ __html: html as unknown as string }}
    />
  );
});

/** Null for what is nested so deep that no stack is enough. */
function render(source: string): TrustedHTML | null {
  try {
    const html = marked.parse(source, { async: false });
    return purify.sanitize(html, allowed) as unknown as TrustedHTML;
  } catch {
    return null;
  }
}

function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;');
}
