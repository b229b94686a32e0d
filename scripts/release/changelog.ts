/** What a changelog says of a version, below its heading (`## 1.2.3`, `## [1.2.3] - 2026-01-31`); null where nothing. */
export function sectionOf(changelog: string, version: string): string | null {
  const lines = changelog.split('\n');
  const headings = lines.map((line) => /^## \[?v?([^\s\]]+)\]?/.exec(line)?.[1] ?? null);
  const start = headings.indexOf(version);
  if (start < 0) return null;
  const next = headings.findIndex((heading, at) => at > start && heading !== null);
  const section = lines
    .slice(start + 1, next < 0 ? undefined : next)
    .join('\n')
    .trim();
  return section === '' ? null : section;
}
