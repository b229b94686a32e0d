import { readFile } from 'node:fs/promises';
import { parse } from 'yaml';
import { decodeText } from '../../protocol/text/decode-text.ts';
import { CommandError, exitCodes } from '../command.ts';

/**
 * The rules of a draft file, not yet checked: a list of rules in YAML or JSON, or a file with `security.rules` as
 * gateway.yaml has it.
 *
 * @throws CommandError where it cannot be read.
 */
export async function readDraftRules(path: string): Promise<readonly unknown[]> {
  const bytes = await readFile(path).catch(({ code }: NodeJS.ErrnoException) => {
    throw new CommandError(`${path} cannot be read (${code}).`);
  });
  const decoded = decodeText(bytes);
  if (decoded.type === 'not_text') throw new CommandError(`${path} ${decoded.reason}.`);
  const content = parseYaml(decoded.text, path);
  const rules = Array.isArray(content) ? content : (content?.security?.rules ?? content?.rules);
  if (Array.isArray(rules)) return rules;
  throw new CommandError(`${path} holds no rules: give a list, or security.rules.`);
}

function parseYaml(text: string, path: string) {
  try {
    return parse(text, { logLevel: 'error' });
  } catch (error) {
    const [line = ''] = error instanceof Error ? error.message.split('\n', 1) : [];
    throw new CommandError(`${path} is no YAML: ${line}`);
  }
}

/**
 * A value that an option holds as JSON.
 *
 * @throws CommandError where it is none.
 */
export function parseJsonOption(option: string, text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new CommandError(`${option} takes JSON, such as '{"a": 1}'.`, exitCodes.wrongUsage);
  }
}
