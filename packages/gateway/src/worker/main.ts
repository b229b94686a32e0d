import { flushCompileCache, setSourceMapsSupport } from 'node:module';
import { Socket } from 'node:net';
import { createChannel } from '../protocol/worker/channel.ts';
import {
  type FromWorker,
  maxLineToWorkerBytes,
  protocolVersion,
  type ToWorker,
} from '../protocol/worker/messages.ts';
import { openBrokerDoor } from './broker-door.ts';
import { failureDetail } from './explain/failure-detail.ts';
import { createImportCache, type ImportCache } from './imports/import-cache.ts';
import { ProcessExit } from './load/process-exit.ts';
import { holdOwnScript } from './own-script.ts';
import { createPreload, type Preload } from './preload.ts';
import { createModuleServer, type ModuleServer } from './serve-module.ts';

/** Time for a `load` that is already on its way, before a spare imports what most modules need. */
const sparePauseMs = 10;

/** Time for the last message to leave a process that ends. */
const lastWordsMs = 500;

startWorker(new Socket({ fd: 3 }));

/** Serves one module to the gateway at the other end of the stream, until either ends. */
function startWorker(stream: Socket): void {
  // Not those of packages: reading them all costs more than the start itself.
  setSourceMapsSupport(true, { nodeModules: false, generatedCode: false });
  openBrokerDoor(process.env.DROPGATE_BROKER_DOOR);
  const ending: Ending = { exitCode: null };
  const channel = createChannel<ToWorker, FromWorker>(stream, {
    maxIncomingLineBytes: maxLineToWorkerBytes,
    onMessage: (message, bytes) => server.take(message, bytes),
    onClose: () => endProcess(ending),
  });
  const end = (exitCode: number): void => {
    ending.exitCode = exitCode;
    // Only this half: a gateway that still sends to a closed channel loses what it has not read of it. It closes its own.
    channel.flush();
    stream.end();
    setTimeout(() => process.exit(exitCode), lastWordsMs);
  };
  const imports = createImportCache();
  const preload = createPreload(imports);
  const server = createModuleServer({
    send: channel.send,
    preload,
    projectRoot: process.cwd(),
    env: process.env,
    onShutdown: () => end(0),
  });
  const script = holdOwnScript(
    {
      isLoaded: () => server.isLoaded() && ending.exitCode === null,
      holdsExit: server.holdsExit,
    },
    (text) => process.stderr.write(`${text}\n`),
  );
  onUncaught(server, (error, code) => {
    if (ending.exitCode !== null) return;
    if (script.failed(error, code)) return;
    channel.send({ type: 'fault', detail: failureDetail(error, 'worker') });
    end(1);
  });
  process.on('exit', (exitCode) => {
    if (ending.exitCode !== null) return;
    const exit = new ProcessExit(exitCode);
    if (!server.failLoad('process_exit', exit)) {
      channel.send({ type: 'fault', cause: 'exit', detail: failureDetail(exit, 'worker') });
    }
    channel.flush();
  });
  channel.send({
    type: 'hello',
    version: protocolVersion,
    pid: process.pid,
    runtime: { name: 'node', version: process.versions.node },
  });
  setTimeout(() => void warmUp({ imports, preload, server }), sparePauseMs);
}

type Ending = { exitCode: number | null };

/**
 * The channel is closed: by this process, or because the gateway is gone. Then nothing may stay behind, so children
 * of the module go too where this process leads its group.
 */
function endProcess(ending: Ending): void {
  if (ending.exitCode !== null) process.exit(ending.exitCode);
  ending.exitCode = 0;
  try {
    process.kill(-process.pid, 'SIGKILL');
  } catch {
    // This process leads no group.
  }
  process.exit(0);
}

function onUncaught(server: ModuleServer, otherwise: (error: unknown, code: string) => void): void {
  const take = (code: string) => (error: unknown) => {
    if (!server.failLoad(code, error)) otherwise(error, code);
  };
  process.on('uncaughtException', take('uncaught_exception'));
  process.on('unhandledRejection', take('unhandled_rejection'));
}

type Warm = {
  readonly imports: ImportCache;
  readonly preload: Preload;
  readonly server: ModuleServer;
};

async function warmUp({ imports, preload, server }: Warm): Promise<void> {
  try {
    if (server.isSpare()) imports.remember();
    await preload.parts();
    // A load that came meanwhile knows whether it needs the SDK.
    if (server.isSpare()) await preload.sdk();
    if (server.isSpare()) await preload.practise();
    // A killed process writes no cache; writing blocks for long, and only a spare has nothing to be late for.
    if (!server.isSpare()) return;
    flushCompileCache();
    imports.keep();
  } catch {
    // The load that needs the parts says what is wrong with them.
  }
}
