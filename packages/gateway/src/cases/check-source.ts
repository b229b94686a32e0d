import { isNode, LineCounter, parseDocument } from 'yaml';
import { z } from 'zod';
import { nearest } from '../protocol/nearest.ts';
import { CaseError, type CaseSource } from './read-value.ts';

/** So much is told of a file that does not fit. */
const MAX_PROBLEMS = 3;

/** In a longer one no lines are counted: nobody wrote it by hand. */
const LINES_UP_TO = 1024 * 1024;

/**
 * What a file holds, as a schema has it.
 *
 * @param remedy - What to do where it does not fit.
 * @throws CaseError which names the fields that do not fit, with their lines.
 */
export function checkSource<Schema extends z.ZodType>(
  schema: Schema,
  { value, text }: CaseSource,
  remedy: string,
): z.output<Schema> {
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  const { issues } = parsed.error;
  const lineOf = createLineOf(text);
  const problems = issues.slice(0, MAX_PROBLEMS).map((issue) => {
    const line = lineOf(issue.path);
    return `${line === null ? '' : `line ${line}: `}${problemOf(issue, value, schema)}`;
  });
  const more = issues.length - problems.length;
  throw new CaseError(`${problems.join('; ')}${more > 0 ? `; and ${more} more` : ''}. ${remedy}`);
}

type Path = z.core.$ZodIssue['path'];

/** Gives the line of a value, or of the nearest one around it that is there. */
function createLineOf(text: string): (path: Path) => number | null {
  if (text.length > LINES_UP_TO) return () => null;
  const lineCounter = new LineCounter();
  const document = parseDocument(text, { lineCounter });
  return (path) => {
    for (let end = path.length; end >= 0; end -= 1) {
      const node = document.getIn(path.slice(0, end), true);
      if (isNode(node) && node.range) return lineCounter.linePos(node.range[0]).line;
    }
    return null;
  };
}

function problemOf(issue: z.core.$ZodIssue, root: unknown, schema: z.ZodType): string {
  const field = nameOf(issue.path);
  if (issue.code === 'unrecognized_keys') return unknownFields(field, issue.keys, schema);
  if (valueAt(root, issue.path) === undefined) return `${field} is missing`;
  return field === '' ? issue.message : `${field}: ${issue.message}`;
}

function unknownFields(place: string, keys: readonly string[], schema: z.ZodType): string {
  const known = fieldNames(schema);
  const told = keys.map((key) => {
    const guess = nearest(key, known);
    return `${key}${guess === null ? '' : ` (did you mean ${guess}?)`}`;
  });
  return `${place === '' ? 'it' : place} has no field ${told.join(', ')}`;
}

/** Of a schema and all that is in it. */
function fieldNames(schema: z.ZodType): string[] {
  const names = new Set<string>();
  const collect = (value: unknown) => {
    if (typeof value !== 'object' || value === null) return;
    for (const [key, inner] of Object.entries(value)) {
      if (key === 'properties') for (const name of Object.keys(inner)) names.add(name);
      collect(inner);
    }
  };
  collect(z.toJSONSchema(schema, { io: 'input', unrepresentable: 'any' }));
  return [...names];
}

function nameOf(path: Path): string {
  return path.reduce<string>(
    (text, part) =>
      typeof part === 'number' ? `${text}[${part}]` : `${text}${text && '.'}${String(part)}`,
    '',
  );
}

function valueAt(root: unknown, path: Path): unknown {
  return path.reduce<unknown>(
    (inner, part) =>
      typeof inner === 'object' && inner !== null
        ? (inner as Readonly<Record<PropertyKey, unknown>>)[part]
        : undefined,
    root,
  );
}
