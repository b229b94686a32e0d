import { join } from 'node:path';
import { GatewayError } from '../../errors.ts';
import type { Gateway } from '../../gateway.ts';
import { newSecret } from '../../policy/keys/new-key.ts';
import { type CommandContext, CommandError } from '../command.ts';
import { commandLineUser } from '../command-line-user.ts';
import { banner } from './banner.ts';
import { readKeyFile, writeKeyFile } from './key-file.ts';
import { isLoopback, serve, servingConfig } from './serve.ts';

/**
 * `dropgate dev`: serves the project on this machine only, with one admin key that stays the same, and tells all
 * that is needed for a first call.
 */
export async function dev(
  context: CommandContext,
  options: { readonly port?: number },
): Promise<number> {
  const { projectRoot, terminal } = context;
  const config = await servingConfig(context, 'dev', options.port);
  if (!isLoopback(config.server.host)) {
    throw new CommandError(
      `dropgate dev serves this machine only, but the host is ${config.server.host}. Remove server.host and GATEWAY_HOST, or use \`dropgate start\`.`,
    );
  }
  let key = '';
  return serve(context, {
    command: 'dev',
    log: 'readable',
    config,
    async prepare(gateway) {
      key = await devKey(gateway, join(projectRoot, '.dropgate', 'dev-key'));
    },
    onReady(gateway, url) {
      const status = {
        url,
        key,
        agents: gateway.agents(),
        diagnostics: gateway.diagnostics(),
        upstreams: gateway.upstreams(),
        projectRoot,
        agentRoot: config.agentRoots[0] ?? projectRoot,
      };
      for (const line of banner(status, terminal.styled)) terminal.line(line);
    },
  });
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
