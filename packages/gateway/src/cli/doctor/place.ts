import { createServer } from 'node:net';
import type { Config } from '../../config/config.ts';
import { readRunningGateway } from '../../storage/running-gateway.ts';
import { exists } from '../../system/files.ts';
import { hasProcess } from '../../system/processes.ts';
import { fail, type HealthCheck, ok } from './health-check.ts';
import { stateHealth } from './state-folder.ts';

/** Where the gateway listens and keeps what it knows, and the time it goes by. */
export async function placeHealth(config: Config, stateFolder: string): Promise<HealthCheck[]> {
  // A start makes the folder; a look leaves nothing behind.
  const folder = (await exists(stateFolder)) ? stateFolder : config.projectRoot;
  return [await portHealth(config, stateFolder), ...(await stateHealth(folder))];
}

async function portHealth({ server }: Config, stateFolder: string): Promise<HealthCheck> {
  const { host, port } = server;
  const place = `${host}:${port}`;
  if (port === 0) return ok('port', 'any free one');
  const code = await tryToListen(host, port);
  if (code === null) return ok('port', `${place} is free`);
  const running = await readRunningGateway(stateFolder);
  const isOwn = running !== null && hasProcess(running.pid) && running.address.includes(`:${port}`);
  if (code === 'EADDRINUSE' && isOwn)
    return ok('port', `${place}: this project's gateway serves there`);
  const fixes: Readonly<Record<string, string>> = {
    EADDRINUSE: 'Stop what listens there, or set another server.port.',
    EACCES: 'Set a server.port above 1023.',
  };
  return fail(
    'port',
    `${place} cannot be listened on (${code}).`,
    fixes[code] ?? 'Correct server.host.',
  );
}

function tryToListen(host: string, port: number): Promise<string | null> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? error.message));
    server.listen({ host, port, exclusive: true }, () => server.close(() => resolve(null)));
  });
}
