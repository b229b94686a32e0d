import { productFiles, pythonFiles, type SourceFile } from '../../source-files.ts';

const name = /^[a-z][a-z0-9]*(?:_[a-z0-9]+)+$/;

/** What stands in the place of a code and is none: names of messages, of schemas and of log lines. */
const others: ReadonlySet<string> = new Set([
  'authorize_tool',
  'content_filter',
  'go_on',
  'invalid_union',
  'model_data',
  'not_text',
  'on_invoke_tool',
  'request_failed',
  'timed_out',
]);

/**
 * The codes that the product says, as its source has them: what is given as `code`, and what functions are called with
 * whose parameter has this name. Both languages.
 */
export function saidCodes(): ReadonlySet<string> {
  const typeScript = productFiles().filter(({ path }) => path.startsWith('packages/gateway/src/'));
  const found = [
    ...codesOf(
      typeScript,
      /\bcode: ([^;\n]*)|\bconst \w+Code = ([^;\n]*)/g,
      /function (\w+)\((\w+)/g,
    ),
    ...codesOf(pythonFiles(), /"code": ([^\n]*)|\bcode = ([^\n]*)/g, /def (\w+)\(\s*(\w+)/g),
  ];
  return new Set(found.filter((code) => name.test(code) && !others.has(code)));
}

/** Those of the codes that no file of the product has as a text. */
export function saidNowhere(codes: readonly string[]): readonly string[] {
  const files = [...productFiles(), ...pythonFiles()];
  return codes.filter((code) => {
    const quoted = [`'${code}'`, `"${code}"`, `\n  ${code}: {`];
    return !files.some(({ text }) => quoted.some((form) => text.includes(form)));
  });
}

function codesOf(files: readonly SourceFile[], given: RegExp, declared: RegExp): readonly string[] {
  const functions = new Set<string>();
  for (const { text } of files) {
    for (const [, called = '', first = ''] of text.matchAll(declared)) {
      if (first === 'code') functions.add(called);
    }
  }
  const calls = new RegExp(`\\b(?:${[...functions].join('|')})\\(\\s*['"](\\w+)['"]`, 'g');
  return files.flatMap(({ text }) => [
    ...[...text.matchAll(given)].flatMap(([, a, b]) => textsIn((a ?? b ?? '').split(',')[0] ?? '')),
    ...[...text.matchAll(calls)].map(([, code = '']) => code),
    ...[...text.matchAll(/new InstallError\(\s*'(\w+)'/g)].map(([, code = '']) => code),
  ]);
}

function textsIn(expression: string): readonly string[] {
  return [...expression.matchAll(/['"]([a-z0-9_]+)['"]/g)].map(([, text = '']) => text);
}
