import { GatewayError } from '../errors.ts';
import type { ClientToolsMode, Manifest } from '../protocol/records.ts';
import type { InputMedium, InputPart, RunInput, RunSettings } from '../protocol/run.ts';
import { takeClientTools } from './client-tools.ts';

const mediaByDefault: readonly InputMedium[] = ['image', 'file'];

/** Settings that reach every agent's model. */
const alwaysTaken: readonly (keyof RunSettings)[] = ['maxOutputTokens'];

/** A part of the input that has no effect. */
export type IgnoredPart = keyof RunSettings | 'tools';

/** What of a request the agent gets, and what of it will have no effect. */
export type CheckedInput = { readonly input: RunInput; readonly ignored: readonly IgnoredPart[] };

/**
 * Holds a request against what the agent takes.
 *
 * @param toolsMode - What the operator says of the caller's own tools; undefined leaves it to the author.
 * @throws GatewayError `unsupported_parameter`, `unsupported_value` or `unsupported_content_type`; `param` is the part of the
 *   input that it is about.
 */
export function checkRunInput(
  manifest: Manifest,
  asked: RunInput,
  toolsMode?: ClientToolsMode,
): CheckedInput {
  const { settings, kind } = manifest;
  checkMedia(mediaTaken(manifest), asked);
  checkOutputFormat(manifest, asked);
  const mode = toolsMode ?? settings.clientTools ?? 'ignore';
  const { input, leaves } = takeClientTools(asked, { kind, mode });
  const taken = settingsTaken(manifest);
  const given = Object.keys(input.settings) as (keyof RunSettings)[];
  const ignored = given.filter((name) => !taken.includes(name));
  return { input, ignored: leaves ? [...ignored, 'tools'] : ignored };
}

/** Settings of a request that reach its models. */
export function settingsTaken({ settings }: Manifest): readonly (keyof RunSettings)[] {
  return [...alwaysTaken, ...(settings.clientSettings ?? [])];
}

/** What an agent can be sent beside text. */
export function mediaTaken({ settings, kind }: Manifest): readonly InputMedium[] {
  // A plain `run` gets text as a string, unless its module says that it takes more.
  return settings.accepts ?? (kind === 'runnable' ? [] : mediaByDefault);
}

function checkMedia(accepted: readonly InputMedium[], input: RunInput): void {
  for (const item of input.items) {
    if (item.role !== 'user') continue;
    for (const part of item.parts) {
      const medium = mediumOf(part);
      if (medium !== 'text' && !accepted.includes(medium)) throw notTaken(medium, accepted);
    }
  }
}

function mediumOf(part: InputPart): InputMedium | 'text' {
  const hasId = (part.type === 'file' || part.type === 'image') && part.fileId !== undefined;
  return hasId ? 'file_id' : part.type;
}

function notTaken(medium: InputMedium, accepted: readonly InputMedium[]): GatewayError {
  const message =
    medium === 'file_id'
      ? 'This agent takes no file_id, which could name any file of the account that its model calls go to. Send the file itself as file_data.'
      : `This agent takes ${['text', ...accepted].join(', ')}, but no ${medium} parts.`;
  return new GatewayError('unsupported_content_type', message, { param: 'items' });
}

function checkOutputFormat(manifest: Manifest, input: RunInput): void {
  if (input.outputFormat.type === 'text') return;
  const own = manifest.agents[0]?.outputType ?? 'text';
  if (manifest.kind === 'agent' && own === 'text') return;
  throw new GatewayError(
    'unsupported_value',
    own === 'text'
      ? 'This agent decides the form of its answer itself. Leave out `outputFormat`.'
      : `This agent always answers in its own schema (${own}). Leave out \`outputFormat\`.`,
    { param: 'outputFormat' },
  );
}
