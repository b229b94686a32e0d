// Runs first in a process or thread that a module starts with a file of its own.
import { installModuleHooks } from '../load/module-hooks.ts';
import { createSourceFiles } from '../load/source-files.ts';
import { processRuns } from '../run/outside-runs.ts';
import { linkOfThread } from '../run/thread-channel.ts';

const projectRoot = new URL(import.meta.url).searchParams.get('projectRoot') ?? '/';
// Files are read as they lie there: a child is not part of the generation.
installModuleHooks(createSourceFiles({ kept: null, keptFolder: '' }), { projectRoot, entry: '' });
// A process that was forked has no way to the gateway, and is not guarded.
if (!process.getBuiltinModule('node:worker_threads').isMainThread)
  processRuns.connect(linkOfThread());
