/** First parts of imports by which authors reach their own code; some are packages of strangers on npm too. */
const localNames: ReadonlySet<string> = new Set(
  `agent agents app apps backend clients common components config configs constants context core db env features
  guardrails helpers hooks lib libs logger models modules packages prompts providers schema schemas server services
  settings shared src store tasks tools types util utils workflows`.split(/\s+/),
);

/** True for an import of the author's own code by a name that looks like a package's: `common`, `config/keys`, `@/lib`. */
export function isOwnName(specifier: string): boolean {
  return isAlias(specifier) || localNames.has(specifier.split('/')[0] ?? '');
}

/** True for a path below a root of the author's own, which no package's name can be: `@/lib`, `~/lib`, `#lib`, `$lib/x`. */
export function isAlias(specifier: string): boolean {
  return /^(?:[@~]\/|[#$])/.test(specifier);
}
