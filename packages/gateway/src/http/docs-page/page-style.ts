import { createHash } from 'node:crypto';

/** The style of the page; it follows the reader's light or dark setting. */
export const pageStyle = `
:root{color-scheme:light dark;--line:#d0d7de;--soft:#f6f8fa;--text:#1f2328;--back:#fff;--mark:#0550ae}
@media(prefers-color-scheme:dark){:root{--line:#30363d;--soft:#161b22;--text:#e6edf3;--back:#0d1117;--mark:#79c0ff}}
*{box-sizing:border-box}
body{margin:0 auto;max-width:66rem;padding:1.5rem 1rem 4rem;font:16px/1.5 system-ui,sans-serif;color:var(--text);background:var(--back)}
h1{margin:0 0 .5rem}h2{margin:2.5rem 0 .75rem;border-bottom:1px solid var(--line)}
a{color:var(--mark)}nav a{display:inline-block;margin:0 1rem .25rem 0}
code{font:.875em ui-monospace,monospace;overflow-wrap:anywhere}
details{border:1px solid var(--line);border-radius:6px;margin:.5rem 0;background:var(--back)}
summary{padding:.5rem .75rem;cursor:pointer;background:var(--soft);border-radius:6px}
summary:focus-visible{outline:2px solid var(--mark)}
summary b{display:inline-block;min-width:4.5rem;color:var(--mark)}
summary span{display:block;padding-left:5.85rem}
.body{padding:.25rem .75rem .75rem}.wide{overflow-x:auto}
table{border-collapse:collapse;width:100%}th,td{text-align:left;vertical-align:top;padding:.3rem .6rem .3rem 0;border-bottom:1px solid var(--line)}
th{font-weight:600}td b{font-weight:400;font-size:.8em;color:var(--mark)}
pre{padding:.75rem;overflow-x:auto;background:var(--soft);border-radius:6px}
@media(max-width:40rem){summary span{padding-left:0}}
`.trim();

/** Nothing is loaded from anywhere, no script runs, and nobody may frame the page; its own style is known by its hash. */
export const pagePolicy = [
  "default-src 'none'",
  `style-src 'sha256-${createHash('sha256').update(pageStyle).digest('base64')}'`,
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ');
