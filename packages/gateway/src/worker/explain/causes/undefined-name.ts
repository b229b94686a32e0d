import type { Finding } from '../../../protocol/diagnostics.ts';
import { type ModuleFacts, readModuleText } from '../../facts/module-facts.ts';
import type { TopLevel } from '../../load/choose-agent.ts';
import { shownPath } from '../../load/local-files.ts';
import type { SdkCopy } from '../../loaded-module.ts';
import { fieldsOf } from '../../sdk.ts';
import { type OwnFrame, ownFrame } from '../code-place.ts';
import { type FailureContext, locate } from '../failure-context.ts';
import { packageNames } from './exported-names.ts';
import { nearestName } from './missing-export.ts';

/** A finding for a name that nothing declares, or that is used above its declaration; null for any other failure. */
export function explainUndefinedName(error: unknown, context: FailureContext): Finding | null {
  const frame = ownFrame(error);
  if (!(error instanceof Error) || !frame) return null;
  if (error instanceof ReferenceError) return explainReference(error.message, frame, context);
  const called = /^(?:(\w+)\.)?(\w+) is not a (?:constructor|function)$/.exec(error.message);
  const [, object, name] = called ?? [];
  return name === undefined ? null : explainMember({ object, name }, frame, context);
}

function explainReference(
  said: string,
  frame: OwnFrame,
  { sources, projectRoot, preloadedSdk }: FailureContext,
): Finding | null {
  const unknown = /^(\w+) is not defined$/.exec(said)?.[1];
  const early = /^Cannot access '(\w+)' before initialization$/.exec(said)?.[1];
  const name = unknown ?? early;
  if (name === undefined) return null;
  const { names, facts } = readModuleText(frame.file, sources.peek(frame.file));
  const sdkNames = () => packageNames({ specifier: sdk, importer: frame.file }, preloadedSdk);
  const line = facts().places[name]?.line;
  const file = shownPath(frame.file, projectRoot);
  const about =
    unknown === undefined
      ? {
          message: `${file} uses \`${name}\` above its declaration${line === undefined ? '' : ` in line ${line}`}.`,
          hint: `Move the declaration of \`${name}\` above line ${frame.line}.`,
        }
      : {
          message: `${file} uses \`${name}\`, which it neither declares nor imports.`,
          hint:
            hintFor(name, { names, facts: facts(), sdkNames }) ??
            `Declare \`${name}\`, or import it.`,
        };
  return {
    stage: 'load',
    code: 'undefined_name',
    severity: 'error',
    ...about,
    ...locate(frame.file, frame, sources),
  };
}

/**
 * Warns of names that the entry uses in a function and that nothing declares: whatever calls it fails. Told is only a name
 * of which it is known what is meant; something else may give the rest to all.
 *
 * @param copy - The SDK copy of the module.
 */
export function findUndefinedNames(
  { facts }: Pick<TopLevel, 'facts'>,
  copy: SdkCopy | null,
  { load, sources }: Pick<FailureContext, 'load' | 'sources'>,
): Finding[] {
  const file = load.entry;
  const names = [...facts.declared, ...facts.imported];
  return facts.undeclared.flatMap(({ name, line, column }): Finding[] => {
    const hint = hintFor(name, { names, facts, sdkNames: () => Object.keys(copy ?? {}) });
    if (hint === null) return [];
    return [
      {
        stage: 'load',
        code: 'undefined_name',
        severity: 'warning',
        message: `Line ${line} uses \`${name}\`, which is neither declared nor imported: a run that comes there fails.`,
        ...locate(file, { line, column }, sources),
        hint,
      },
    ];
  });
}

type Used = {
  /** Names of the file's top level. */
  readonly names: readonly string[];
  readonly facts: ModuleFacts;
  readonly sdkNames: () => readonly string[];
};

/** Null where it is not known what is meant. */
function hintFor(name: string, { names, facts, sdkNames }: Used): string | null {
  const source = sourceOf(name, sdkNames);
  if (source !== null) return `Import it: \`${importLine(name, source, facts.isCommonJs)}\`.`;
  if (Object.hasOwn(elsewhere, name)) return elsewhere[name] ?? null;
  // Hardly any short name is far from all others.
  const near = name.length < 4 ? null : nearestName(name, [...names, ...sdkNames()]);
  return near === null ? null : `Did you mean \`${near}\`?`;
}

const inNode = 'In Node, use `process.env` and the modules of `node:`.';
const noUser = 'Nobody types anything there: a request brings what the user says.';

/** Names that other runtimes give to all. */
const elsewhere: Readonly<Record<string, string>> = {
  Bun: `Only Bun has it. ${inNode}`,
  Deno: `Only Deno has it. ${inNode}`,
  window: 'Only browsers have it: leave out what is made of it.',
  document: 'Only browsers have it: leave out what is made of it.',
  prompt: noUser,
  confirm: noUser,
  alert: noUser,
};

const sdk = '@openai/agents';

/** Modules of Node whose names files forget to import. */
const ofNode = ['fs', 'path', 'url', 'child_process', 'crypto', 'util', 'os'];

function sourceOf(name: string, sdkNames: () => readonly string[]): string | null {
  if (name === 'z') return 'zod';
  if (name === 'OpenAI') return 'openai';
  if (sdkNames().includes(name)) return sdk;
  const module = ofNode.find(
    (each) => each === name || name in fieldsOf(process.getBuiltinModule(each)),
  );
  return module === undefined ? null : `node:${module}`;
}

/** The line that imports a name, whole modules by their own. */
function importLine(name: string, source: string, isCommonJs: boolean): string {
  const isWhole = name === 'OpenAI' || source === `node:${name}`;
  const bound = isWhole ? name : `{ ${name} }`;
  return isCommonJs
    ? `const ${bound} = require('${source}');`
    : `import ${bound} from '${source}';`;
}

/** A member of a package that has none of that name: `sdk.Agnt`, or `Agnt` of `const { Agnt } = require(…)`. */
function explainMember(
  { object, name }: { object: string | undefined; name: string },
  frame: OwnFrame,
  { sources, preloadedSdk }: FailureContext,
): Finding | null {
  const text = sources.peek(frame.file);
  const bound = object ?? `\\{[^}]*\\b${name}\\b[^}]*\\}`;
  const taken = new RegExp(
    `\\bimport\\s+(?:\\*\\s+as\\s+)?${bound}\\s+from\\s*['"]([^'"]+)|\\b${bound}\\s*=\\s*require\\(\\s*['"]([^'"]+)`,
  );
  const [, imported, required] = taken.exec(text) ?? [];
  const specifier = imported ?? required;
  if (specifier === undefined) return null;
  const names = packageNames({ specifier, importer: frame.file }, preloadedSdk);
  const near = names.includes(name) ? null : nearestName(name, names);
  if (near === null) return null;
  return {
    stage: 'load',
    code: 'missing_export',
    severity: 'error',
    message: `\`${specifier}\` exports no \`${name}\`.`,
    ...locate(frame.file, frame, sources),
    hint: `Did you mean \`${near}\`?`,
  };
}
