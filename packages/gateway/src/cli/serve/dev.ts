import { existsSync } from 'node:fs';
import { join, relative } from 'node:path';
import type { Config } from '../../config/config.ts';
import { GatewayError } from '../../errors.ts';
import type { Gateway } from '../../gateway.ts';
import { newSecret } from '../../policy/keys/new-key.ts';
import { type CommandContext, CommandError } from '../command.ts';
import { commandLineUser } from '../command-line-user.ts';
import { openInBrowser } from '../console/open-in-browser.ts';
import { banner } from './banner.ts';
import { readKeyFile, writeKeyFile } from './key-file.ts';
import { isLoopback, serve, servingConfig } from './serve.ts';

/**
 * `dropgate dev`: serves the project on this machine only, with one admin key that stays the same, and tells all
 * that is needed for a first call.
 */
export async function dev(
  context: CommandContext,
  options: { readonly port?: number; readonly open?: true },
): Promise<number> {
  const { projectRoot, terminal } = context;
  const config = await servingConfig(context, 'dev', options.port);
  if (!isLoopback(config.server.host)) {
    throw new CommandError(
      `dropgate dev serves this machine only, but the host is ${config.server.host}. Remove server.host and GATEWAY_HOST, or use \`dropgate start\`.`,
    );
  }
  refuseStrangeFolder(config);
  let key = '';
  let isToOpen = options.open === true;
  return serve(context, {
    command: 'dev',
    log: 'readable',
    config,
    port: options.port,
    async prepare(gateway) {
      key = await devKey(gateway, join(projectRoot, '.dropgate', 'dev-key'));
    },
    async onReady(gateway, url) {
      const status = {
        url,
        key,
        consoleLink: await gateway.consoleLink({ url, key }),
        agents: gateway.agents(),
        diagnostics: gateway.diagnostics(),
        upstreams: gateway.upstreams(),
        projectRoot,
        agentRoot: config.agentRoots[0] ?? projectRoot,
      };
      for (const line of banner(status, terminal.styled)) terminal.line(line);
      // Of its own: the one above stays good.
      const link = isToOpen ? await gateway.consoleLink({ url, key }) : null;
      isToOpen = false;
      if (link !== null) void openInBrowser(link, terminal);
    },
  });
}

/**
 * Nothing is made in a folder that is no project, which is most often not the one that was meant.
 *
 * @throws CommandError where there is neither a folder for agents nor anything else of Dropgate.
 */
function refuseStrangeFolder({ projectRoot, agentRoots, configFile }: Config): void {
  const marks = [...agentRoots, join(projectRoot, '.dropgate')];
  if (configFile !== null || marks.some((path) => existsSync(path))) return;
  const roots = agentRoots.map((root) => relative(projectRoot, root) || root).join(' nor ');
  throw new CommandError(
    `There is no project in ${projectRoot}: it has neither ${roots} nor gateway.yaml. Go to the folder of your project, or begin one here: \`dropgate init\` writes all it takes and a first agent, \`dropgate new <Name>\` an agent alone.`,
  );
}

/** The key of earlier starts, put back into a store that has lost it; a fresh one where there is none that works. */
async function devKey(gateway: Gateway, path: string): Promise<string> {
  const key = { name: 'dev', role: 'admin', createdBy: commandLineUser().id } as const;
  const kept = await readKeyFile(path);
  if (kept !== null) {
    try {
      await gateway.keys.register(kept, key);
      return kept;
    } catch (error) {
      if (!(error instanceof GatewayError) || error.code !== 'invalid_value') throw error;
    }
  }
  const secret = newSecret();
  await writeKeyFile(path, secret);
  await gateway.keys.register(secret, key);
  return secret;
}
