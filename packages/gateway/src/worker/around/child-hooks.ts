// Runs first in a process or thread that a module starts with a file of its own.
import { installModuleHooks } from '../load/module-hooks.ts';
import { createSourceFiles } from '../load/source-files.ts';

const projectRoot = new URL(import.meta.url).searchParams.get('projectRoot') ?? '/';
// Files are read as they lie there: a child is not part of the generation.
installModuleHooks(createSourceFiles({ kept: null, keptFolder: '' }), { projectRoot, entry: '' });
