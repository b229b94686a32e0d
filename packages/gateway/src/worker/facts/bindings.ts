/** Where the entry file leaves what gives its top level out; the loader takes it from there. */
const place = Symbol.for('dropgate.bindings');

/** Name under which an ES module exports what reads its top level. No identifier can be it. */
const handName = 'dropgate:hand';

const witnessScheme = 'dropgate:witness?';

type Bindings = Readonly<Record<string, () => unknown>>;

/**
 * Code for the end of an entry file in CommonJS that hands out what its names of the top level hold, exported or not. It
 * begins a line of its own, so that it shifts none and no comment swallows it.
 */
export function handOut(names: readonly string[]): string {
  return `\n;globalThis[Symbol.for("dropgate.bindings")]={hand:()=>(${gettersOf(names)})};`;
}

/**
 * The same for an ES module, which hands out before its first line runs: what it holds can be read however its script
 * fails. A witness that it imports takes what is hoisted.
 */
export function handOutEarly(names: readonly string[], url: string): string {
  const witness = JSON.stringify(witnessScheme + url);
  return `\n;function __dropgateHand(){return ${gettersOf(names)}}export{__dropgateHand as "${handName}"};import ${witness};`;
}

function gettersOf(names: readonly string[]): string {
  const getters = names.map((name) => `${JSON.stringify(name)}:()=>${name}`);
  return `{__proto__:null,${getters.join()}}`;
}

/** True for the import of a witness. */
export function isWitness(specifier: string): boolean {
  return specifier.startsWith(witnessScheme);
}

/** Source of a witness; null for any other URL. */
export function witnessSource(url: string): string | null {
  if (!isWitness(url)) return null;
  const entry = JSON.stringify(url.slice(witnessScheme.length));
  return `import * as module from ${entry};globalThis[Symbol.for("dropgate.bindings")]={module,hand:module["${handName}"]};`;
}

/** What an entry file handed out. Names that hold nothing (yet), or were types after all, are left out. */
export type HandedOut = {
  /** By name, exported or not. */
  readonly values: Readonly<Record<string, unknown>>;
  /** What an ES module exports; null for another. */
  readonly exports: Readonly<Record<string, unknown>> | null;
};

/** Takes what the entry file handed out. */
export function takeBindings(): HandedOut {
  const handed = peekBindings();
  Reflect.deleteProperty(globalThis, place);
  return handed ?? { values: {}, exports: null };
}

/** What the entry file handed out, and nobody took yet; null before it begins to run, and afterwards. */
export function peekBindings(): HandedOut | null {
  const handed = Reflect.get(globalThis, place) as
    | { readonly hand: () => Bindings; readonly module?: Readonly<Record<string, unknown>> }
    | undefined;
  if (!handed) return null;
  const { module, hand } = handed;
  return {
    values: read(Object.entries(hand())),
    exports: module
      ? withoutHand(read(Reflect.ownKeys(module).map((name) => [name, () => module[String(name)]])))
      : null,
  };
}

/** Exports of a module without what is handed out by them. */
export function withoutHand(
  exports: Readonly<Record<string, unknown>>,
): Readonly<Record<string, unknown>> {
  const { [handName]: _hand, ...rest } = exports;
  return rest;
}

function read(
  getters: readonly (readonly [string | symbol, () => unknown])[],
): Readonly<Record<string, unknown>> {
  const values = getters.flatMap(([name, get]): [string, unknown][] => {
    try {
      return typeof name === 'string' ? [[name, get()]] : [];
    } catch {
      return [];
    }
  });
  return Object.fromEntries(values);
}
