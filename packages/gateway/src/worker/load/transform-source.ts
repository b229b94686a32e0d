import { extname } from 'node:path';
import { compileFunction } from 'node:vm';
import { transformSync } from 'oxc-transform';
import type { TsSettings } from './tsconfig.ts';

/** Endings of files that are transformed before Node runs them. */
export const transformedEndings: readonly string[] = ['.ts', '.tsx', '.mts', '.cts', '.jsx'];

/** The text with the attributes of its imports as they are written today: `assert { type: 'json' }` was once. */
export function modernAttributes(text: string): string {
  // As long as before, so that lines and columns hold.
  return text.replaceAll(/(\bfrom\s*(['"])[^'"\n]+\2\s*)assert(?=\s*\{\s*type\b)/g, '$1with  ');
}

/** What Node is given to run, and as what. */
export type RunnableSource = { readonly code: string; readonly format: 'module' | 'commonjs' };

/** A file that does not parse. Line and column count from 1. */
export class SourceSyntaxError extends SyntaxError {
  override readonly name = 'SourceSyntaxError';
  readonly file: string;
  readonly line: number | null;
  readonly column: number | null;
  readonly frame: string | null;

  /** `codeframe` is oxc's: its head says line and column. */
  constructor(file: string, problem: { message: string; codeframe?: string | null }) {
    super(problem.message);
    const at = /\[.*:(\d+):(\d+)\]/.exec(problem.codeframe ?? '');
    this.file = file;
    this.line = at ? Number(at[1]) : null;
    this.column = at ? Number(at[2]) : null;
    this.frame = problem.codeframe?.trim() ?? null;
  }
}

/**
 * Makes JavaScript of TypeScript or JSX, with its source map inline. TypeScript is an ES module, whatever
 * `package.json` says, unless it is written as CommonJS (`export =`, `module.exports`, `.cts`).
 * Throws a `SourceSyntaxError`.
 */
export function transformSource(
  path: string,
  source: string,
  settings: TsSettings,
): RunnableSource {
  const ending = extname(path);
  const result = transformSync(path, source, {
    lang: ending === '.tsx' ? 'tsx' : ending === '.jsx' ? 'jsx' : 'ts',
    sourceType: ending === '.cts' ? 'unambiguous' : 'module',
    sourcemap: true,
    typescript: {
      onlyRemoveTypeImports: false,
      removeClassFieldsWithoutInitializer: settings.assignedFields,
    },
    assumptions: { setPublicClassFields: settings.assignedFields },
    decorator: {
      legacy: settings.legacyDecorators,
      emitDecoratorMetadata: settings.decoratorMetadata,
    },
    jsx: settings.jsx,
  });
  const [problem] = result.errors.filter((error) => error.severity === 'Error');
  if (problem) throw new SourceSyntaxError(path, problem);
  const { code, map } = result;
  const isCommonJs = (ending === '.cts' || /\bexports\b/.test(code)) && compilesAsCommonJs(code);
  const comment = map
    ? `\n//# sourceMappingURL=${inlineMap({ ...map, sourcesContent: undefined })}`
    : '';
  return isCommonJs
    ? { code: code + comment, format: 'commonjs' }
    : { code: commonJsNames(code) + code + comment, format: 'module' };
}

/** True where the code is a CommonJS script: it compiles as one, which no `import`, `export` or top-level await does. */
export function compilesAsCommonJs(code: string): boolean {
  try {
    compileFunction(code, ['exports', 'require', 'module', '__filename', '__dirname']);
    return true;
  } catch {
    return false;
  }
}

/** True for a script of CommonJS in a folder whose `package.json` says ES modules, as what is copied into one may be. */
export function isCommonJsText(code: string): boolean {
  return /\brequire\s*\(|\bmodule\.exports\b|\bexports\./.test(code) && compilesAsCommonJs(code);
}

/** A script of CommonJS as an ES module, which `require` gives as what the script exports. Its lines stay. */
export function asModule(code: string): string {
  const names = 'const __dirname = import.meta.dirname, __filename = import.meta.filename;';
  const own = 'const require = __createRequire(import.meta.url), module = { exports: {} };';
  const head = `import { createRequire as __createRequire } from "node:module"; ${names} ${own} (function (exports) { `;
  const tail = '}).call(module.exports, module.exports);const __exports = module.exports;';
  return `${head}${code}\n${tail}export { __exports as default, __exports as "module.exports" };`;
}

/** The first syntax error of a JavaScript file, with its frame; null where oxc finds none. */
export function findSyntaxError(path: string, source: string): SourceSyntaxError | null {
  const { errors } = transformSync(path, source, { lang: 'jsx', sourceType: 'unambiguous' });
  const [problem] = errors;
  return problem ? new SourceSyntaxError(path, problem) : null;
}

/**
 * Declarations of the CommonJS names that an ES module uses without declaring them, as code compiled to CommonJS
 * could. On one line with no end, so that the source map's lines hold.
 */
function commonJsNames(code: string): string {
  if (code.startsWith('#!')) return '';
  const uses = (name: string) =>
    new RegExp(`(?<![.\\w$'"\`])${name}\\b`).test(code) &&
    !new RegExp(`\\b(const|let|var|function|class)\\s+${name}\\b|import[^;]*\\b${name}\\b`).test(
      code,
    );
  const declarations = [
    uses('__dirname') ? 'const __dirname = import.meta.dirname;' : '',
    uses('__filename') ? 'const __filename = import.meta.filename;' : '',
    uses('require')
      ? 'import { createRequire as __createRequire } from "node:module"; const require = __createRequire(import.meta.url);'
      : '',
    // `require.main === module` asks whether this file is the program; here it never is.
    uses('module') && code.includes('require.main') ? 'const module = {};' : '',
  ];
  return declarations.filter(Boolean).join(' ');
}

function inlineMap(map: object): string {
  return `data:application/json;base64,${Buffer.from(JSON.stringify(map)).toString('base64')}`;
}
