/** The name that is sent to an upstream for the one asked for; the very same where no alias applies. */
export function aliasOf(model: string, aliases: Readonly<Record<string, string>>): string {
  return Object.entries(aliases).find(([glob]) => matchesGlob(glob, model))?.[1] ?? model;
}

/** Whether a name fits a pattern in which `*` stands for anything. */
export function matchesGlob(glob: string, name: string): boolean {
  const [head = '', ...rest] = glob.split('*');
  if (rest.length === 0) return glob === name;
  const tail = rest.pop() ?? '';
  if (!name.startsWith(head) || name.length < head.length + tail.length) return false;
  let at = head.length;
  for (const part of rest) {
    const found = name.indexOf(part, at);
    if (found < 0) return false;
    at = found + part.length;
  }
  return name.endsWith(tail) && name.length - tail.length >= at;
}
