import { basename, join } from 'node:path';
import type { Finding } from '../../protocol/diagnostics.ts';
import { isAbsent, whyUnread } from '../../system/files.ts';
import type { DependentModule } from '../dependency-report.ts';
import type { TextPlace } from '../json-place.ts';
import { projectOf, readDeclared, readSource } from '../read-declared.ts';
import { parseRequirement, type Requirement, type RequirementLine } from './requirement.ts';
import { IncludeError, type RequirementOption, readRequirementFiles } from './requirement-files.ts';
import { scriptHeader, stringList } from './toml-list.ts';

/** What a module in Python declares, and where. */
export type Requirements = {
  /** The file that declares: `requirements.txt`, `pyproject.toml`, or the module's own header. */
  readonly path: string;
  readonly kind: 'requirements' | 'project' | 'header';
  readonly wanted: readonly Requirement[];
  /** As written, one each, for an installer; with their hashes. */
  readonly lines: readonly string[];
  /** Conditions on packages that others may need, as written. */
  readonly constraints: readonly string[];
  /** Options for pip; which of them hold is the installer's to say. */
  readonly options: readonly RequirementOption[];
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
export async function readRequirements(
  module: Pick<DependentModule, 'folder' | 'entry' | 'modulePath'>,
): Promise<RequirementsRead> {
  const file = join(module.folder, 'requirements.txt');
  try {
    const { lines, constraints, options, files } = await readRequirementFiles(module.folder, file);
    const whole = lines.map(({ text, hashes }) => `${text} ${hashes}`.trim());
    const rest = { lines: whole, constraints: constraints.map(({ text }) => text), options, files };
    return fromLines({ path: file, kind: 'requirements', ...rest }, [...lines, ...constraints]);
  } catch (error) {
    if (!isAbsent(error)) return { type: 'unusable', finding: unreadable(file, error) };
  }
  const project = join(module.folder, 'pyproject.toml');
  try {
    const text = await readDeclared(module.folder, project);
    const declared = stringList(text, 'project', 'dependencies');
    if (declared) return fromList(project, 'project', declared);
  } catch (error) {
    if (!isAbsent(error)) return { type: 'unusable', finding: unreadable(project, error) };
  }
  const header = scriptHeader(await readSource(projectOf(module), module.entry));
  const listed = header && stringList(header, null, 'dependencies');
  return listed ? fromList(module.entry, 'header', listed) : { type: 'absent' };
}

function fromList(
  path: string,
  kind: Requirements['kind'],
  listed: readonly { readonly text: string; readonly place: TextPlace }[],
): RequirementsRead {
  // Options are pip's, in files of its own; here each text is a requirement.
  const option = listed.find(({ text }) => text.startsWith('-'));
  if (option) return { type: 'unusable', finding: notTaken({ ...option, file: path }) };
  const lines = listed.map(({ text }) => text);
  return fromLines(
    { path, kind, lines, constraints: [], options: [], files: [path] },
    listed.map((one) => ({ ...one, file: path })),
  );
}

function fromLines(
  about: Omit<Requirements, 'wanted'>,
  lines: readonly RequirementLine[],
): RequirementsRead {
  const wanted: Requirement[] = [];
  for (const [index, line] of lines.entries()) {
    const requirement = parseRequirement(line);
    if (!requirement) return { type: 'unusable', finding: notTaken(line) };
    // Constraints come last, and ask for nothing.
    if (index < about.lines.length) wanted.push(requirement);
  }
  return { type: 'read', requirements: { ...about, wanted } };
}

/** The most of a line that is repeated in a message. */
const SHOWN_TEXT = 200;

function notTaken({ text, file, place }: RequirementLine): Finding {
  // A hidden file holds settings of somebody, such as `.env`: nothing of it is repeated.
  const shown = basename(file).startsWith('.') ? 'This' : JSON.stringify(text.slice(0, SHOWN_TEXT));
  return {
    stage: 'dependencies',
    code: 'bad_requirement',
    severity: 'error',
    message: `${shown} is no requirement as pip takes it.`,
    file,
    ...place,
    hint: 'Write a name with conditions on its version, such as "httpx>=0.27,<1".',
  };
}

function unreadable(file: string, error: unknown): Finding {
  const about = {
    stage: 'dependencies',
    severity: 'error',
    code: 'requirements_unreadable',
  } as const;
  if (error instanceof IncludeError) {
    const { line, reason } = error;
    const message = `${basename(line.file)} includes a file that ${reason}.`;
    const hint = "Include files of the module's own folder, or copy what they hold.";
    return { ...about, message, file: line.file, ...line.place, hint };
  }
  const message = `${basename(file)} ${whyUnread(error)}.`;
  return { ...about, message, file, hint: 'Put a file in its place, or remove it.' };
}
