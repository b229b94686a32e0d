import type { Finding } from '../../protocol/diagnostics.ts';
import { isAlias } from '../../protocol/local-names.ts';
import { isLocalPath, shownPath } from '../load/local-files.ts';
import {
  type FailedImport,
  gatewayPackages,
  isPackage,
  packageName,
} from '../load/resolve-import.ts';
import { isInstalled, isPeer, localImportHint, missingFileHint } from './causes/local-import.ts';
import { placeOf } from './code-place.ts';
import { describeThrown, type FailureContext, localScripts, locate } from './failure-context.ts';
import { isCloudflares, isMeantForSdk, unofficialHint } from './unofficial-sdk.ts';

/** Says which import found nothing, in which file and line, and what to install or correct. */
export function explainFailedImport(
  error: unknown,
  failed: FailedImport,
  context: FailureContext,
): Finding {
  if (failed.specifier.startsWith('file:')) return explainMissingEntry(context);
  const importer = failed.importer ?? context.load.entry;
  const described = isLocalPath(importer)
    ? describeOwnImport(error, failed, { importer, context })
    : describeForeignImport(failed, { importer, context });
  const where = isLocalPath(importer)
    ? { file: importer, place: importPlace(failed.specifier, importer, context) }
    : placeOfPackage(importer, context);
  return {
    stage: 'load',
    severity: 'error',
    ...described,
    ...locate(where.file, where.place, context.sources),
  };
}

function explainMissingEntry({ load }: FailureContext): Finding {
  return {
    stage: 'load',
    code: 'missing_file',
    severity: 'error',
    message: `${load.modulePath} does not exist.`,
    file: load.entry,
    hint: 'Add the file, or remove its folder.',
  };
}

type Importing = { readonly importer: string; readonly context: FailureContext };
type Described = Pick<Finding, 'code' | 'message' | 'hint'>;

function describeOwnImport(error: unknown, failed: FailedImport, at: Importing): Described {
  const { specifier } = failed;
  const { context } = at;
  const importer = shownPath(at.importer, context.projectRoot);
  const written = { specifier, importer: at.importer };
  if (!isPackage(specifier) && !isAlias(specifier)) {
    return {
      code: 'missing_file',
      message: `${importer} imports \`${specifier}\`, which does not exist.`,
      hint: missingFileHint(written, context),
    };
  }
  if (isCloudflares(specifier, context.sources.peek(at.importer))) {
    return {
      code: 'unofficial_package',
      message: `${importer} imports \`${specifier}\`, which is Cloudflare's package, whose agents run in Workers alone.`,
      hint: 'Leave out what is made of it, and export the agent of `@openai/agents`.',
    };
  }
  if (isMeantForSdk(specifier)) {
    return {
      code: 'unofficial_package',
      message: `${importer} imports \`${specifier}\`, but on npm OpenAI's Agents SDK is \`@openai/agents\`.`,
      hint: unofficialHint,
    };
  }
  const name = packageName(specifier);
  const hasPackage = isInstalled(specifier, at.importer) || gatewayPackages.includes(name);
  const local = hasPackage ? null : localImportHint(written, context);
  if (local !== null) {
    return {
      code: 'missing_file',
      message: `${importer} imports \`${specifier}\`, which is no package: it means a file of its own project.`,
      hint: local,
    };
  }
  if (!isNotFound(error) || hasPackage) {
    return {
      code: 'missing_subpath',
      message: isNotFound(error)
        ? `${importer} imports \`${specifier}\`, but the installed \`${name}\` has no such part.`
        : `${importer} imports \`${specifier}\`, which the package does not offer: ${describeThrown(error)}`,
      hint: `Import what \`${name}\` exports, or install the version that has it.`,
    };
  }
  const folder = shownPath(context.load.folder, context.projectRoot);
  return {
    code: 'missing_package',
    message: `${importer} imports \`${specifier}\`, but package \`${name}\` is not installed.`,
    hint: `Run \`npm install ${name} --prefix ${folder}\`.`,
  };
}

function describeForeignImport(failed: FailedImport, { importer, context }: Importing): Described {
  const folder = shownPath(context.load.folder, context.projectRoot);
  return {
    code: 'missing_package',
    message: `\`${failed.specifier}\` is not installed, but the package at ${importer} needs it.`,
    hint: isPeer(failed.specifier, importer)
      ? `Run \`npm install ${packageName(failed.specifier)} --prefix ${folder}\`: that package leaves it to whoever uses it.`
      : `Run \`npm install --prefix ${folder}\`.`,
  };
}

function isNotFound(error: unknown): boolean {
  const code = error instanceof Error && 'code' in error ? error.code : null;
  return code === 'ERR_MODULE_NOT_FOUND' || code === 'MODULE_NOT_FOUND';
}

/** Where the author imports the package that a file is part of. */
function placeOfPackage(path: string, context: FailureContext) {
  const name = packageName(path.split('/node_modules/').at(-1) ?? path);
  for (const file of localScripts(context)) {
    const place = importPlace(name, file, context, '(?:/[^\'"]*)?');
    if (place) return { file, place };
  }
  return { file: path, place: null };
}

function importPlace(specifier: string, importer: string, context: FailureContext, rest = '') {
  const quoted = specifier.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&');
  const keyword = '(?:from|import|require)(?:\\.meta)?(?:\\.resolve)?';
  try {
    const text = context.sources.peek(importer);
    return placeOf(text, new RegExp(`(?<=${keyword}\\s*\\(?\\s*)['"]${quoted}${rest}['"]`));
  } catch {
    return null;
  }
}
