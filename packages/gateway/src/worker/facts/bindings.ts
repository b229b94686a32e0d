/** Where the entry file leaves what gives its top level out; the loader takes it from there at once. */
const place = Symbol.for('dropgate.bindings');

type Binding = () => unknown;

/**
 * Code for the end of the entry file that hands out what its names of the top level hold, exported or not. It begins a
 * line of its own, so that it shifts none and no comment swallows it.
 */
export function handOut(names: readonly string[]): string {
  const getters = names.map((name) => `${JSON.stringify(name)}:()=>${name}`);
  return `\n;globalThis[Symbol.for("dropgate.bindings")]={__proto__:null,${getters.join()}};`;
}

/** What the entry file handed out, by name. A name that holds nothing (yet), or was a type after all, is left out. */
export function takeBindings(): Readonly<Record<string, unknown>> {
  const handed = Reflect.get(globalThis, place) as Readonly<Record<string, Binding>> | undefined;
  Reflect.deleteProperty(globalThis, place);
  const values = Object.entries(handed ?? {}).flatMap(([name, read]): [string, unknown][] => {
    try {
      return [[name, read()]];
    } catch {
      return [];
    }
  });
  return Object.fromEntries(values);
}
