import type { TextPlace } from '../json-place.ts';
import { normalName } from './distributions.ts';
import { isSpecifier } from './version.ts';

/** One thing a module asks for. */
export type Requirement = {
  /** As all spellings share it; null for a path or address whose name nobody can tell. */
  readonly name: string | null;
  /** Conditions on the version, or the path or address it comes from; as written. */
  readonly wanted: string;
  /** False where only presence can be looked at. */
  readonly isSpecifier: boolean;
  /** Where it comes from: an index of packages, a path of this machine, or a place in the net. */
  readonly source: 'index' | 'path' | 'address';
  readonly marker: string | null;
  /** Parts of it that are asked for beside what it always brings: `litellm` of `openai-agents[litellm]`. */
  readonly extras: readonly string[];
  readonly file: string;
  readonly place: TextPlace;
};

/** One requirement as written, without its hashes. */
export type RequirementLine = {
  readonly text: string;
  readonly place: TextPlace;
  /** Absolute path of the file it stands in. */
  readonly file: string;
};

/** Longer than any requirement that somebody wrote. */
const LINE_LIMIT = 1000;

const named =
  /^([A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?) ?(?:\[([^\]]*)\])? ?(?:@ ?(\S+)|\(([^)]*)\)|([^;@]*)) ?(?:;(.+))?$/;

/** Where Python would break a line in two, and what continues one. */
const lineBreak = /[\p{Cc}\u2028\u2029]|\\$/u;

/** Whether pip could read more in a line than is seen in it. */
export function hidesLine(text: string): boolean {
  return lineBreak.test(text.replaceAll('\t', ' '));
}

/** What a line asks for; null for what pip would not take. An editable one comes from a path or an address. */
export function parseRequirement(line: RequirementLine): Requirement | null {
  const { file, place } = line;
  const where = { file, place, extras: [] as readonly string[] };
  const editable = /^(?:-e|--editable)[\s=]+/.exec(line.text)?.[0];
  const text = line.text.slice(editable?.length ?? 0).replaceAll(/\s+/g, ' ');
  if (text.length > LINE_LIMIT || text.startsWith('-') || hidesLine(line.text)) return null;
  const first = text.split(/[;@ ]/)[0] ?? '';
  if (
    editable !== undefined ||
    /^\.|^[a-z+]+:\/\/|^file:|[\\/]|\.(?:whl|zip|tar\.gz)$/.test(first)
  ) {
    const wanted = text.split(/ ?;/)[0] ?? text;
    const name = nameOfFile(wanted);
    return { ...where, name, wanted, isSpecifier: false, source: sourceOf(wanted), marker: null };
  }
  const [, name, extras = '', url, inBrackets, plain, marker] = named.exec(text) ?? [];
  if (name === undefined) return null;
  const wanted = url ?? (inBrackets ?? plain ?? '').trim();
  if (url === undefined && !isSpecifier(wanted)) return null;
  return {
    ...where,
    name: normalName(name),
    wanted,
    isSpecifier: url === undefined,
    source: url === undefined ? 'index' : sourceOf(url),
    marker: marker?.trim() || null,
    extras: extras.split(',').flatMap((extra) => extra.trim() || []),
  };
}

function sourceOf(wanted: string): 'path' | 'address' {
  return /^(?:[a-z]+\+|git@|(?!file:)[a-z]+:)/i.test(wanted) ? 'address' : 'path';
}

/** `./words-1.0-py3-none-any.whl` tells its name, a folder does not. */
function nameOfFile(path: string): string | null {
  const file = /([^/\\]+)\.(?:whl|zip|tar\.gz)(?:#.*)?$/.exec(path)?.[1];
  const name = file && /^(.+?)-\d/.exec(file)?.[1];
  return name ? normalName(name) : null;
}
