import type { Command } from 'commander';
import { type CommandContext, exitCodes } from '../../src/cli/command.ts';
import { commandTable } from '../../src/cli/command-table.ts';
import { asksForJson, reportFailure } from '../../src/cli/report-failure.ts';
import type { Terminal } from '../../src/cli/terminal.ts';
import { loadConfig } from '../../src/config/load-config.ts';
import type { Ended } from './cli-process.ts';

/**
 * Runs commands that end by themselves on a project, in this process: a process of their own costs 30 times as much.
 *
 * @param more - What the environment has beside PATH and HOME.
 * @param stopped - Resolves when what goes on until then is to end.
 * @param heard - Told of each line as it is written.
 */
export function inProcessCli(
  projectRoot: string,
  more: Readonly<Record<string, string>> = {},
  stopped: Promise<string> = new Promise(() => {}),
  heard: (line: string) => void = () => undefined,
): (...args: string[]) => Promise<Ended> {
  const { PATH = '', HOME = '' } = process.env;
  const env = { PATH, HOME, ...more };
  return async (...args) => {
    let out = '';
    let err = '';
    const terminal: Terminal = {
      line: (text) => {
        heard(text);
        out += `${text}\n`;
      },
      json: (value) => {
        out += `${JSON.stringify(value, null, 2)}\n`;
      },
      note: (text) => {
        err += `${text}\n`;
      },
      progress: () => undefined,
      asTyped: (text) => text,
      styled: (_style, text) => text,
    };
    const context: CommandContext = {
      projectRoot,
      terminal,
      loadConfig: async (command) => loadConfig({ projectRoot, command, env }),
      createGateway: async (options) =>
        (await import('../../src/gateway.ts')).createGateway(options),
      // What serves until then takes a process of its own.
      untilStopped: () => stopped,
    };
    let code: number | null = exitCodes.done;
    const asJson = asksForJson(args);
    const program = commandTable(async (work) => {
      code = await work(context);
    });
    redirect(program, {
      writeOut: (text) => {
        out += text;
      },
      writeErr: (text) => {
        if (!asJson) err += text;
      },
    });
    try {
      await program.parseAsync(args, { from: 'user' });
    } catch (error) {
      code = reportFailure(error, terminal, { asJson });
    }
    return { code, out, err };
  };
}

type Output = { writeOut(text: string): void; writeErr(text: string): void };

/** Commands below inherit no settings that are made after them. */
function redirect(command: Command, output: Output): void {
  command.configureOutput(output);
  for (const below of command.commands) redirect(below, output);
}
