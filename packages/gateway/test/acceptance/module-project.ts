import { mkdir, rename, symlink } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import {
  type GatewayOptions,
  packageRoot,
  startGateway,
  type TestGateway,
  warmProject,
} from './harness.ts';
import { createProject } from './project.ts';

const modulesFolder = join(packageRoot, 'test/fixtures/modules');
const installedFolder = join(packageRoot, '../../node_modules');

export type ModulesGateway = TestGateway & {
  /** A folder beside the project, given to `GATEWAY_AGENTS_DIR` after `src/agents`. */
  readonly outside: string;
};

export type ModulesOptions = Pick<GatewayOptions, 'env' | 'files'> & {
  /** Modules of `test/fixtures/modules`, copied as they are; their `packages` become installed. */
  readonly modules: readonly string[];
  /** The same, copied to a folder outside the project. */
  readonly outsideModules?: readonly string[];
  /** Packages of this workspace that a module gets as its own, by a link: module → package. */
  readonly linked?: Readonly<Record<string, string>>;
  /** Does more to the folders of the modules before the start. */
  readonly prepare?: (folderOf: (module: string) => string) => Promise<void>;
};

/** Starts a gateway on a project with these modules and waits until each is loaded, or known not to load. */
export async function startModules(options: ModulesOptions): Promise<ModulesGateway> {
  const project = await warmProject();
  await project.write(options.files ?? {});
  const elsewhere = await createProject({});
  for (const name of options.modules) {
    await project.copy(join(modulesFolder, name), `src/agents/${name}`);
    const folder = join(project.root, 'src/agents', name);
    await rename(join(folder, 'packages'), join(folder, 'node_modules')).catch(() => undefined);
  }
  for (const name of options.outsideModules ?? []) {
    await elsewhere.copy(join(modulesFolder, name), name);
  }
  for (const [name, linked] of Object.entries(options.linked ?? {})) {
    const link = join(project.root, 'src/agents', name, 'node_modules', linked);
    await mkdir(dirname(link), { recursive: true });
    await symlink(join(installedFolder, linked), link);
  }
  const folderOf = (module: string) => join(project.root, 'src/agents', module);
  await options.prepare?.(folderOf);
  const remove = () => Promise.all([project.remove(), elsewhere.remove()]);
  const env = { GATEWAY_AGENTS_DIR: `src/agents:${elsewhere.root}`, ...options.env };
  const gateway = await startGateway({ project, env }).catch(async (thrown: unknown) => {
    await remove();
    throw thrown;
  });
  const stop = async () => {
    await gateway.stop();
    await remove();
  };
  return { ...gateway, outside: elsewhere.root, stop };
}
