/** What a script measures, by the names that it is told; each gives its table, or prints as it goes. */
export type Parts = Readonly<Record<string, () => Promise<unknown>>>;

/**
 * Measures the parts that the command line names, in its order, and all without any; prints the tables.
 *
 * @throws Error where there is no such part.
 */
export async function runParts(parts: Parts): Promise<void> {
  const named = process.argv.slice(2);
  const names = Object.keys(parts);
  const unknown = named.find((name) => !names.includes(name));
  if (unknown) throw new Error(`There is no part ${unknown}; there are ${names.join(', ')}.`);
  for (const name of named.length > 0 ? named : names) {
    const table = await parts[name]?.();
    if (typeof table === 'string') process.stdout.write(`${table}\n\n`);
  }
}
