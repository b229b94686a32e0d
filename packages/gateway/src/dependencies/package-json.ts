import { join } from 'node:path';
import { z } from 'zod';
import type { Finding } from '../protocol/diagnostics.ts';
import { isAbsent, whyUnread } from '../system/files.ts';
import { parseJson, placeAt, type TextPlace } from './json-place.ts';
import { readDeclared } from './read-declared.ts';

/** A package that a module's `package.json` asks for. `range` is as written. */
export type WantedPackage = {
  readonly name: string;
  readonly range: string;
  readonly kind: 'dependency' | 'peer';
  /** Where the wish is written. */
  readonly place: TextPlace | null;
};

/** What a module declares of packages, in its `package.json` or as Python has it. */
export type Declarations = {
  /** Absolute path of the file that declares. */
  readonly path: string;
  /** What has to be there for the module to work. */
  readonly wanted: readonly WantedPackage[];
  /** Every name it mentions, development and optional ones too, and its own. */
  readonly names: ReadonlySet<string>;
};

/** A module's `package.json`: there is none, it cannot be used, or this is what it says. */
export type PackageJsonRead =
  | { readonly type: 'absent' }
  | { readonly type: 'unusable'; readonly finding: Finding }
  | { readonly type: 'read'; readonly declarations: Declarations };

/** Each is looked for in every folder on the module's way, at each load. */
const DEPENDENCIES_LIMIT = 1000;

const ranges = z.record(z.string(), z.string()).optional();
const packageJsonSchema = z.looseObject({
  name: z.string().optional(),
  dependencies: ranges,
  peerDependencies: ranges,
  optionalDependencies: ranges,
  devDependencies: ranges,
  peerDependenciesMeta: z
    .record(z.string(), z.looseObject({ optional: z.boolean().optional() }))
    .optional(),
});

/** Reads the `package.json` of a folder. Without one it costs a single look. */
export async function readPackageJson(folder: string): Promise<PackageJsonRead> {
  const path = join(folder, 'package.json');
  let text: string;
  try {
    text = await readDeclared(folder, path);
  } catch (error) {
    if (isAbsent(error)) return { type: 'absent' };
    return unusable(path, `package.json ${whyUnread(error)}.`, null);
  }
  const json = parseJson(text);
  if (json.type === 'broken') {
    return unusable(path, `package.json is not valid JSON: ${json.reason}.`, json.place);
  }
  const parsed = packageJsonSchema.safeParse(json.value);
  if (parsed.success) {
    const count = Object.keys({
      ...parsed.data.dependencies,
      ...parsed.data.peerDependencies,
    }).length;
    if (count <= DEPENDENCIES_LIMIT) {
      return { type: 'read', declarations: toDeclarations(path, text, parsed.data) };
    }
    const message = `package.json declares ${count} packages; an agent has at most ${DEPENDENCIES_LIMIT}.`;
    return unusable(path, message, placeOfKey(text, ['dependencies']));
  }
  const issue = parsed.error.issues[0];
  const keys = (issue?.path ?? []).map(String);
  const what = keys.length > 0 ? `"${keys.join('.')}"` : 'the whole';
  const message = `package.json is not as npm needs it: ${what} is not what it should be (${issue?.message}).`;
  return unusable(path, message, placeOfKey(text, keys));
}

function toDeclarations(
  path: string,
  text: string,
  read: z.infer<typeof packageJsonSchema>,
): Declarations {
  const { dependencies = {}, peerDependencies = {}, optionalDependencies = {} } = read;
  const optionalPeers = new Map(Object.entries(read.peerDependenciesMeta ?? {}));
  const isOptional = (name: string) =>
    Object.hasOwn(optionalDependencies, name) || optionalPeers.get(name)?.optional === true;
  const section = (ranges: Readonly<Record<string, string>>, kind: WantedPackage['kind']) =>
    Object.entries(ranges)
      .filter(([name]) => !isOptional(name))
      .map(([name, range]): WantedPackage => {
        const key = kind === 'peer' ? 'peerDependencies' : 'dependencies';
        return { name, range, kind, place: placeOfKey(text, [key, name]) };
      });
  const peers = section(peerDependencies, 'peer').filter(
    ({ name }) => !Object.hasOwn(dependencies, name),
  );
  const sections = [
    dependencies,
    peerDependencies,
    optionalDependencies,
    read.devDependencies ?? {},
  ];
  return {
    path,
    wanted: [...section(dependencies, 'dependency'), ...peers],
    names: new Set([
      ...(read.name === undefined ? [] : [read.name]),
      ...sections.flatMap(Object.keys),
    ]),
  };
}

function unusable(path: string, message: string, place: TextPlace | null): PackageJsonRead {
  const finding: Finding = {
    stage: 'dependencies',
    code: 'bad_package_json',
    severity: 'error',
    message,
    file: path,
    ...(place ?? {}),
    hint: 'Correct the file; without one the module may import what comes with the gateway.',
  };
  return { type: 'unusable', finding };
}

/** Where a key is written, each looked for behind the one that holds it. */
function placeOfKey(text: string, keys: readonly string[]): TextPlace | null {
  let position = 0;
  for (const key of keys) {
    const quoted = JSON.stringify(key).replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&');
    const match = new RegExp(`${quoted}\\s*:`).exec(text.slice(position));
    if (!match) return null;
    position += match.index;
  }
  return keys.length === 0 ? null : placeAt(text, position);
}
