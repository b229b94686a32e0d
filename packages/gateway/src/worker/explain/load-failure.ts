import { basename, extname } from 'node:path';
import type { Finding } from '../../protocol/diagnostics.ts';
import { shownPath } from '../load/local-files.ts';
import { explainExit, ProcessExit } from '../load/process-exit.ts';
import { SourceReadError } from '../load/read-source.ts';
import { findSyntaxError, SourceSyntaxError } from '../load/transform-source.ts';
import { waitHint } from '../script/import-wait.ts';
import { LoadHangs } from '../script/stuck-import.ts';
import { explainMissingExport } from './causes/missing-export.ts';
import {
  explainForeignScheme,
  explainMissingBrowser,
  explainMissingThing,
} from './causes/missing-thing.ts';
import { explainMissingVariable } from './causes/missing-variable.ts';
import { explainSdkMisuse } from './causes/sdk-misuse.ts';
import { explainSecondDefault } from './causes/second-default.ts';
import { explainUndefinedName } from './causes/undefined-name.ts';
import { placeOf } from './code-place.ts';
import { explainFailedImport } from './failed-import.ts';
import { explainThrown, type FailureContext, localScripts, locate } from './failure-context.ts';
import { findRealtimeText } from './realtime-text.ts';

/** Says what is wrong with a module from what its import threw: the author's line and an action. Never throws. */
export function explainLoadError(error: unknown, context: FailureContext): Finding {
  if (error instanceof SourceSyntaxError) return explainSyntaxError(error, context);
  if (error instanceof SourceReadError) return explainReadError(error, context);
  if (error instanceof ProcessExit) return explainExit(error, context);
  if (error instanceof LoadHangs) return explainHang(error, context);
  const failed = context.failedImport(error);
  if (failed) return explainFailedImport(error, failed, context);
  return (
    explainMissingExport(error, context) ??
    explainUnsupportedFile(error, context) ??
    explainSecondDefault(error, context) ??
    explainScriptError(error, context) ??
    explainNativePackage(error, context) ??
    explainVoiceSession(context) ??
    explainForeignScheme(error, context) ??
    explainMissingThing(error, context) ??
    explainMissingBrowser(error, context) ??
    explainMissingVariable(error, context) ??
    explainUndefinedName(error, context) ??
    explainSdkMisuse(error, context) ??
    explainThrown(error, context, {
      code: 'import_failed',
      what: `${context.load.modulePath} threw while it was imported`,
      hint: 'Mend what happens there, or move it into a function that runs later.',
    })
  );
}

function explainHang(
  { timeoutMs }: LoadHangs,
  { load, sources }: Pick<FailureContext, 'load' | 'sources'>,
): Finding {
  return {
    stage: 'load',
    code: 'load_timeout',
    severity: 'error',
    message:
      timeoutMs === null
        ? `${load.modulePath} waits for something that never comes.`
        : `${load.modulePath} did not finish loading within ${timeoutMs} ms.`,
    file: load.entry,
    hint: `${waitHint(sources.peek(load.entry))}Put what it waits for into a function that runs later; raise worker.load_timeout_ms if it needs the time.`,
  };
}

function explainSyntaxError(error: SourceSyntaxError, context: FailureContext): Finding {
  return {
    stage: 'load',
    code: 'syntax_error',
    severity: 'error',
    message: `${shownPath(error.file, context.projectRoot)} does not parse: ${error.message}`,
    file: error.file,
    ...(error.line === null ? {} : { line: error.line }),
    ...(error.column === null ? {} : { column: error.column }),
    ...(error.frame === null ? {} : { frame: error.frame }),
    hint: 'Fix the syntax at the marked place.',
  };
}

function explainReadError(error: SourceReadError, context: FailureContext): Finding {
  const { file, code, reason, hint, place } = error;
  return {
    stage: 'load',
    code,
    severity: 'error',
    message: `${shownPath(file, context.projectRoot)} ${reason}`,
    ...locate(file, place, context.sources),
    hint,
  };
}

/** An import of a file that is no code. */
function explainUnsupportedFile(error: unknown, context: FailureContext): Finding | null {
  const isUnknown =
    error instanceof Error && 'code' in error && error.code === 'ERR_UNKNOWN_FILE_EXTENSION';
  const path = isUnknown ? / for (.+)$/.exec(error.message)?.[1] : undefined;
  if (path === undefined) return null;
  const quoted = new RegExp(`['"][^'"]*${escapeForRegExp(basename(path))}(?:\\?[^'"]*)?['"]`);
  const importer = localScripts(context).find((file) => quoted.test(context.sources.peek(file)));
  const place = importer ? placeOf(context.sources.peek(importer), quoted) : null;
  const url = `new URL('./${basename(path)}', import.meta.url)`;
  return {
    stage: 'load',
    code: 'unsupported_file',
    severity: 'error',
    message: `${shownPath(path, context.projectRoot)} is imported, but it is no code.`,
    ...locate(importer ?? context.load.entry, place, context.sources),
    hint: `Read it instead: \`readFileSync(${url}, 'utf8')\`, and name it in \`__gateway__.watch\`.`,
  };
}

/** A JavaScript file that Node could not compile, or TypeScript that needs a setting. */
function explainScriptError(error: unknown, context: FailureContext): Finding | null {
  if (!(error instanceof SyntaxError)) return null;
  for (const path of localScripts(context)) {
    const source = context.sources.peek(path);
    if (['.js', '.mjs', '.cjs'].includes(extname(path))) {
      const problem = findSyntaxError(path, source);
      if (problem) return explainSyntaxError(problem, context);
    }
    const awaited =
      /await is only valid/.test(error.message) && placeOf(source, /^(?:.*=\s*)?await\b/m);
    if (awaited) {
      return {
        stage: 'load',
        code: 'syntax_error',
        severity: 'error',
        message: `${shownPath(path, context.projectRoot)} waits at its top level, which CommonJS cannot.`,
        ...locate(path, awaited, context.sources),
        hint: 'Name the file `.mjs` and write `import` in place of `require`, or put the `await` into an async function.',
      };
    }
    const decorator = placeOf(source, /(?<=(?:^|[{};])\s*)@\w/m);
    if (decorator && /invalid or unexpected token/i.test(error.message)) {
      return {
        stage: 'load',
        code: 'decorators_unsupported',
        severity: 'error',
        message: `${shownPath(path, context.projectRoot)} uses decorators, which Node does not run.`,
        ...locate(path, decorator, context.sources),
        hint: 'Set "experimentalDecorators": true in the nearest tsconfig.json.',
      };
    }
  }
  return null;
}

/** A file whose voice session failed: what it failed of is no help, because it could not be served anyway. */
function explainVoiceSession({ load, sources }: FailureContext): Finding | null {
  const missed = findRealtimeText(sources.peek(load.entry));
  if (!missed) return null;
  const { code, message, hint, place } = missed;
  const where = locate(load.entry, place, sources);
  return { stage: 'export', code, severity: 'error', message, ...where, hint };
}

/** A package with native code that does not fit this machine or this Node. */
function explainNativePackage(error: unknown, context: FailureContext): Finding | null {
  if (!(error instanceof Error)) return null;
  const isNative =
    ('code' in error && error.code === 'ERR_DLOPEN_FAILED') ||
    /NODE_MODULE_VERSION|Could not locate the bindings file|invalid ELF header/.test(error.message);
  if (!isNative) return null;
  const folder = shownPath(context.load.folder, context.projectRoot);
  return {
    ...explainThrown(error, context, {
      code: 'native_package_failed',
      what: 'A package with native code does not load',
      hint: `Run \`npm rebuild --prefix ${folder}\` with Node ${process.versions.node}.`,
    }),
  };
}

function escapeForRegExp(text: string): string {
  return text.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&');
}
