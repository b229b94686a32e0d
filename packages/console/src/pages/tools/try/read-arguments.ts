import { fill, text } from '../../../strings/text.ts';
import type { ArgumentField } from './argument-fields.ts';

const words = text.tools.try;

/** What was written, by name of the field. */
export type Written = Readonly<Record<string, string>>;

/** The arguments, or what is wrong with what was written, by name of the field. */
export type ReadArguments =
  | { readonly args: Readonly<Record<string, unknown>> }
  | { readonly problems: ReadonlyMap<string, string> };

/** Reads a form. A field that may be left empty and is so gives no argument. */
export function readFields(fields: readonly ArgumentField[], values: Written): ReadArguments {
  const args: [string, unknown][] = [];
  const problems: [string, string][] = [];
  for (const field of fields) {
    const read = readValue(field, values[field.name] ?? '');
    if ('problem' in read) problems.push([field.name, read.problem]);
    else if (read.value !== undefined) args.push([field.name, read.value]);
  }
  return problems.length > 0 ? { problems: new Map(problems) } : { args: Object.fromEntries(args) };
}

/** Under which a problem with arguments that are written as one JSON text is told. */
export const wholeText = '';

/** Reads arguments that are written as one JSON text; an empty one is no arguments. */
export function readWhole(source: string): ReadArguments {
  if (source.trim() === '') return { args: {} };
  const read = parsed(source);
  if ('problem' in read) return { problems: new Map([[wholeText, read.problem]]) };
  const { value } = read;
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    const problem = fill(words.notObject, { example: '{"city":"Paris"}' });
    return { problems: new Map([[wholeText, problem]]) };
  }
  return { args: value as Readonly<Record<string, unknown>> };
}

type Read = { readonly value: unknown } | { readonly problem: string };

function readValue(field: ArgumentField, written: string): Read {
  const { kind, isRequired, isNullable, choices } = field;
  const isEmpty = kind === 'text' ? written === '' : written.trim() === '';
  if (isEmpty) {
    if (!isRequired) return { value: undefined };
    return isNullable ? { value: null } : { problem: words.needed };
  }
  switch (kind) {
    case 'text':
      return { value: written };
    case 'boolean':
      return { value: written === 'true' };
    case 'choice':
      return { value: choices[Number(written)] };
    case 'number':
    case 'integer':
      return readNumber(kind, written);
    case 'json':
      return parsed(written);
    default:
      return kind satisfies never;
  }
}

function readNumber(kind: 'number' | 'integer', written: string): Read {
  const value = Number(written);
  if (!Number.isFinite(value)) return { problem: words.notNumber };
  if (kind === 'integer' && !Number.isInteger(value)) return { problem: words.notInteger };
  return { value };
}

function parsed(source: string): Read {
  try {
    return { value: JSON.parse(source) };
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    return { problem: fill(words.notJson, { reason }) };
  }
}
