import { GatewayError } from '../errors.ts';
import { type CommandContext, CommandError } from './command.ts';
import type { RunningGateway } from './gateway-contract.ts';
import { isOpenToOthers, readKeyFile, writeKeyFile } from './key-file.ts';
import { isLoopback } from './loopback.ts';
import { serve, servingConfig } from './serve.ts';
import type { Terminal } from './terminal.ts';

/**
 * `dropgate start`: serves the project. Makes no key unless GATEWAY_BOOTSTRAP_KEY_FILE asks for one, and refuses
 * to listen beyond this machine while there is none.
 */
export async function start(
  context: CommandContext,
  options: { readonly port?: number },
): Promise<number> {
  const { terminal } = context;
  const config = await servingConfig(context, 'start', options.port);
  return serve(context, {
    command: 'start',
    log: 'json',
    config,
    async prepare(gateway) {
      if (config.bootstrapKeyFile !== null) {
        await bootstrap(gateway, config.bootstrapKeyFile, terminal);
      }
      await requireKey(gateway, config.server.host, terminal);
    },
    tell: () => undefined,
  });
}

/**
 * Puts the key in the file into the store. A missing file gets a fresh key only while no key exists at all, so that
 * a file deleted after its first use, or a wrong path later on, makes no further admin.
 */
async function bootstrap(gateway: RunningGateway, path: string, terminal: Terminal): Promise<void> {
  const key = { name: 'bootstrap', role: 'admin', createdBy: 'bootstrap' } as const;
  const secret = await readKeyFile(path);
  if (secret === null) {
    if (await gateway.keys.hasUsableKey()) return;
    const created = await gateway.keys.create(key);
    await writeKeyFile(path, created.secret);
    terminal.note(`The first admin key is in ${path}.`);
    return;
  }
  if (await isOpenToOthers(path)) {
    terminal.note(`warning: Others may read ${path}. Allow its owner only (chmod 600).`);
  }
  try {
    await gateway.keys.register(secret, key);
  } catch (error) {
    if (!(error instanceof GatewayError) || error.code !== 'invalid_value') throw error;
    if (!(await gateway.keys.hasUsableKey())) throw new CommandError(`${path}: ${error.message}`);
    terminal.note(`warning: ${path} is not used. ${error.message}`);
  }
}

async function requireKey(
  gateway: RunningGateway,
  host: string,
  terminal: Terminal,
): Promise<void> {
  if (await gateway.keys.hasUsableKey()) return;
  const remedy =
    'Make one with `dropgate keys create --role admin`, or set GATEWAY_BOOTSTRAP_KEY_FILE.';
  if (!isLoopback(host)) {
    throw new CommandError(
      `There is no API key yet, so dropgate does not listen on ${host}. ${remedy}`,
    );
  }
  terminal.note(`There is no API key yet, so every call is refused. ${remedy}`);
}
