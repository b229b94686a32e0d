import { readFile } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import type { Finding } from '../../protocol/diagnostics.ts';
import { placeAt, type TextPlace } from '../json-place.ts';
import { normalName } from './distributions.ts';
import { scriptHeader, stringList } from './toml-list.ts';
import { isSpecifier } from './version.ts';

/** One thing a module asks for. */
export type Requirement = {
  /** As all spellings share it; null for a path or address whose name nobody can tell. */
  readonly name: string | null;
  /** Conditions on the version, or the path or address it comes from; as written. */
  readonly wanted: string;
  /** False where only presence can be looked at. */
  readonly isSpecifier: boolean;
  readonly marker: string | null;
  readonly file: string;
  readonly place: TextPlace;
};

/** What a module in Python declares, and where. */
export type Requirements = {
  /** The file that declares: `requirements.txt`, `pyproject.toml`, or the module's own header. */
  readonly path: string;
  readonly kind: 'requirements' | 'project' | 'header';
  readonly wanted: readonly Requirement[];
  /** As written, one each, for an installer. */
  readonly lines: readonly string[];
  /** Every file read: more where one includes others. */
  readonly files: readonly string[];
};

export type RequirementsRead =
  | { readonly type: 'absent' }
  | { readonly type: 'unusable'; readonly finding: Finding }
  | { readonly type: 'read'; readonly requirements: Requirements };

/** Files in which a module's requirements may be, the first that has some wins; the module itself comes last. */
export const requirementFiles = ['requirements.txt', 'pyproject.toml'] as const;

/** Reads what a module declares. Never throws; runs nothing. */
export async function readRequirements(module: {
  readonly folder: string;
  readonly entry: string;
}): Promise<RequirementsRead> {
  const file = join(module.folder, 'requirements.txt');
  const text = await read(file);
  if (text !== null) return fromLines(file, await includedLines(file, text, []));
  const project = join(module.folder, 'pyproject.toml');
  const declared = stringList((await read(project)) ?? '', 'project', 'dependencies');
  if (declared)
    return fromLines(
      project,
      declared.map((one) => ({ ...one, file: project })),
    );
  const source = (await read(module.entry)) ?? '';
  const header = scriptHeader(source);
  const listed = header && stringList(header, null, 'dependencies');
  if (!listed) return { type: 'absent' };
  return fromLines(
    module.entry,
    listed.map((one) => ({ ...one, file: module.entry })),
  );
}

type Line = { readonly text: string; readonly place: TextPlace; readonly file: string };

function fromLines(path: string, lines: readonly Line[]): RequirementsRead {
  const wanted: Requirement[] = [];
  for (const line of lines) {
    const requirement = parseRequirement(line);
    if (!requirement) return unusable(line);
    wanted.push(requirement);
  }
  const name = basename(path);
  const kind =
    name === 'requirements.txt' ? 'requirements' : name === 'pyproject.toml' ? 'project' : 'header';
  const files = [...new Set([path, ...lines.map(({ file }) => file)])];
  const requirements = { path, kind, wanted, lines: lines.map(({ text }) => text), files } as const;
  return { type: 'read', requirements };
}

/** Requirements of a file and of those it includes; options of pip are pip's alone. */
async function includedLines(file: string, text: string, seen: readonly string[]): Promise<Line[]> {
  const found: Line[] = [];
  let offset = 0;
  for (const raw of text.split(/(?<=\n)/)) {
    const place = placeAt(text, offset + raw.length - raw.trimStart().length);
    offset += raw.length;
    const line = raw
      .replace(/(^|\s)#.*$/s, '')
      .replace(/\s+--hash.*$/s, '')
      .replace(/\\?\s*$/s, '')
      .trim();
    const included = /^(?:-r|--requirement)[\s=]*(\S+)$/.exec(line)?.[1];
    if (included) {
      const other = resolve(dirname(file), included);
      const more = other === file || seen.includes(other) ? null : await read(other);
      if (more !== null) found.push(...(await includedLines(other, more, [...seen, file])));
    } else if (line !== '' && !line.startsWith('-')) found.push({ text: line, place, file });
  }
  return found;
}

const named =
  /^([A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?)\s*(?:\[[^\]]*\])?\s*(?:@\s*(\S+)|\(([^)]*)\)|([^;@]*))\s*(?:;\s*(.+))?$/;

function parseRequirement({ text, file, place }: Line): Requirement | null {
  const where = { file, place };
  if (
    /^(?:[./]|[a-z+]+:\/\/|file:)|[\\/]|\.(?:whl|zip|tar\.gz)$/.test(text.split(/[;@\s]/)[0] ?? '')
  ) {
    const wanted = text.split(/\s*;/)[0] ?? text;
    return { ...where, name: nameOfFile(wanted), wanted, isSpecifier: false, marker: null };
  }
  const [, name, url, inBrackets, plain, marker = null] = named.exec(text) ?? [];
  if (name === undefined) return null;
  const wanted = url ?? (inBrackets ?? plain ?? '').trim();
  if (url === undefined && !isSpecifier(wanted)) return null;
  return { ...where, name: normalName(name), wanted, isSpecifier: url === undefined, marker };
}

/** `./words-1.0-py3-none-any.whl` tells its name, a folder does not. */
function nameOfFile(path: string): string | null {
  const file = /([^/\\]+)\.(?:whl|zip|tar\.gz)(?:#.*)?$/.exec(path)?.[1];
  const name = file && /^(.+?)-\d/.exec(file)?.[1];
  return name ? normalName(name) : null;
}

function unusable({ text, file, place }: Line): RequirementsRead {
  const finding: Finding = {
    stage: 'dependencies',
    code: 'bad_requirement',
    severity: 'error',
    message: `${JSON.stringify(text)} is no requirement as pip takes it.`,
    file,
    ...place,
    hint: 'Write a name with conditions on its version, such as "httpx>=0.27,<1".',
  };
  return { type: 'unusable', finding };
}

function read(path: string): Promise<string | null> {
  return readFile(path, 'utf8').catch(() => null);
}
