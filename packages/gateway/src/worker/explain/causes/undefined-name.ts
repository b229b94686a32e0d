import type { Finding } from '../../../protocol/diagnostics.ts';
import { type ModuleFacts, readModuleText } from '../../facts/module-facts.ts';
import { shownPath } from '../../load/local-files.ts';
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
          hint: hintFor(name, { frame, names, facts: facts(), preloadedSdk }),
        };
  return {
    stage: 'load',
    code: 'undefined_name',
    severity: 'error',
    ...about,
    ...locate(frame.file, frame, sources),
  };
}

type Used = {
  readonly frame: OwnFrame;
  readonly names: readonly string[];
  readonly facts: ModuleFacts;
  readonly preloadedSdk: FailureContext['preloadedSdk'];
};

function hintFor(name: string, { frame, names, facts, preloadedSdk }: Used): string {
  const namesOf = (specifier: string) =>
    packageNames({ specifier, importer: frame.file }, preloadedSdk);
  const line = importLine(name, namesOf, facts.isCommonJs);
  if (line !== null) return `Import it: \`${line}\`.`;
  const near = nearestName(name, [...names, ...namesOf(sdk)]);
  return near === null ? `Declare \`${name}\`, or import it.` : `Did you mean \`${near}\`?`;
}

const sdk = '@openai/agents';

/** Where names come from that files forget to import. */
const commonSources = ['zod', 'fs', 'path', 'url', 'child_process', 'crypto', 'util', 'os'];

/** The line that imports a name of the SDK, of zod or of Node; null for any other. */
function importLine(
  name: string,
  namesOf: (specifier: string) => readonly string[],
  isCommonJs: boolean,
): string | null {
  const source = [sdk, ...commonSources].find((each) => namesOf(each).includes(name));
  const whole = name === 'OpenAI' ? 'openai' : commonSources.includes(name) ? name : undefined;
  const from = whole ?? source;
  if (from === undefined) return null;
  const specifier = /^(@|openai$|zod$)/.test(from) ? from : `node:${from}`;
  const bound = whole === undefined ? `{ ${name} }` : name;
  return isCommonJs
    ? `const ${bound} = require('${specifier}');`
    : `import ${bound} from '${specifier}';`;
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
