type Manifest = Readonly<
  Record<'dependencies' | 'devDependencies', Readonly<Record<string, string>>>
>;

/** Names of all packages that the text of a `package.json` depends on; null where it is none. */
export function packageNames(text: string): ReadonlySet<string> | null {
  try {
    const { dependencies, devDependencies } = JSON.parse(text) as Partial<Manifest>;
    return new Set(Object.keys({ ...dependencies, ...devDependencies }));
  } catch {
    return null;
  }
}
