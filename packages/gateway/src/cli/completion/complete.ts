import type { Command, Option } from 'commander';
import { type CommandContext, exitCodes } from '../command.ts';
import { agentIds, keyNames } from './known-values.ts';

/** Something that may stand where the cursor is. */
type Candidate = { readonly value: string; readonly about: string };

/**
 * Prints what may come next, a line each: value, tab, what it is.
 *
 * @param words - Those behind the program's name; the last one is what is begun, maybe empty.
 */
export async function complete(
  context: CommandContext,
  program: Command,
  words: readonly string[],
): Promise<number> {
  const begun = words.at(-1) ?? '';
  const found = await candidates(context, placeOf(program, words.slice(0, -1)), begun);
  for (const { value, about } of found.filter((one) => one.value.startsWith(begun))) {
    context.terminal.line(`${value}\t${about}`);
  }
  return exitCodes.done;
}

/** Where on a command line the cursor is. */
type Place = {
  readonly command: Command;
  /** The option whose value comes next; null where a word of the command does. */
  readonly option: Option | null;
  /** Arguments of the command before it. */
  readonly given: number;
};

function placeOf(program: Command, words: readonly string[]): Place {
  let place: Place = { command: program, option: null, given: 0 };
  for (const word of words) {
    const { command, option, given } = place;
    if (option !== null) place = { ...place, option: null };
    else if (word.startsWith('-')) {
      const named = command.options.find(({ long, short }) => word === long || word === short);
      place = { ...place, option: named?.required ? named : null };
    } else {
      const below = command.commands.find(
        (one) => one.name() === word || one.aliases().includes(word),
      );
      place = below ? { command: below, option: null, given: 0 } : { ...place, given: given + 1 };
    }
  }
  return place;
}

async function candidates(
  context: CommandContext,
  { command, option, given }: Place,
  begun: string,
): Promise<readonly Candidate[]> {
  if (option) {
    if (option.argChoices) return plain(option.argChoices, option.description);
    return known(context, option.attributeName());
  }
  if (begun.startsWith('-')) {
    const options = command.createHelp().visibleOptions(command);
    return options.flatMap(({ long, description }) =>
      long ? [{ value: long, about: firstLine(description) }] : [],
    );
  }
  const below = command.createHelp().visibleCommands(command);
  if (command.commands.length > 0) {
    return below.map((one) => ({ value: one.name(), about: firstLine(one.description()) }));
  }
  const arguments_ = command.registeredArguments;
  const last = arguments_.at(-1);
  const argument = arguments_[given] ?? (last?.variadic ? last : undefined);
  if (argument?.argChoices) return plain(argument.argChoices, argument.description);
  return argument ? known(context, argument.name()) : [];
}

/** What this project has of a kind; nothing where its settings are wrong or its store cannot be read. */
async function known(context: CommandContext, name: string): Promise<readonly Candidate[]> {
  try {
    if (name === 'agent' || name === 'agents') return plain(await agentIds(context), 'agent');
    if (name === 'key') return plain(await keyNames(context), 'key');
  } catch {
    // A shell has no place for a reason.
  }
  return [];
}

function plain(values: readonly string[], about: string): Candidate[] {
  return values.map((value) => ({ value, about: firstLine(about) }));
}

function firstLine(text: string): string {
  return text.split('\n')[0] ?? '';
}
