import { execFile, execFileSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);
const workspace = join(import.meta.dirname, '../../../../..');
/** Images stay, so that a second build takes from the first what has not changed. */
const cache = join(workspace, 'node_modules/.cache/dropgate-images');
/** Where certificates lie in Debian. */
const certificates = '/etc/ssl/certs/ca-certificates.crt';
const base = 'localhost/dropgate-base-bookworm';
const most = { maxBuffer: 64 * 1024 * 1024 };

/** What an image says of how it is run. */
export type ImageConfig = {
  readonly User: string;
  readonly Env: readonly string[];
  readonly Entrypoint: readonly string[];
  readonly Cmd: readonly string[];
  readonly WorkingDir: string;
  readonly Volumes: Readonly<Record<string, object>>;
  readonly Healthcheck: { readonly Test: readonly string[] };
};

/** Whether this machine makes and starts images: as root, with buildah and debootstrap of Debian. */
export function hasBuildah(): boolean {
  if (process.getuid?.() !== 0) return false;
  try {
    for (const program of ['buildah', 'debootstrap', 'unshare', 'nsenter']) {
      execFileSync(program, ['--version'], { stdio: 'ignore' });
    }
    return true;
  } catch {
    return false;
  }
}

/** Runs buildah on the images of the tests, and resolves with what it printed. */
export async function buildah(...args: readonly string[]): Promise<string> {
  const folders = ['--root', join(cache, 'store'), '--runroot', join(cache, 'run')];
  const { stdout } = await run('buildah', [...folders, ...args], most);
  return stdout.trim();
}

/** Builds an image without an engine, on a Debian of this machine's own making; resolves with its name. */
export async function buildImage(
  name: string,
  { context, file }: { readonly context: string; readonly file: string },
): Promise<string> {
  await makeBase();
  const image = `localhost/${name}`;
  const how = ['--layers', '--format', 'docker', '--isolation', 'chroot', '--pull-never'];
  const what = ['--build-arg', `BASE=${base}`, '--file', file, '--tag', image, context];
  await buildah('build', ...how, ...what);
  return image;
}

/** How an image says that it is run. */
export async function configOf(image: string): Promise<ImageConfig> {
  const inspected = await buildah('inspect', '--type', 'image', image);
  return (JSON.parse(inspected) as { Docker: { config: ImageConfig } }).Docker.config;
}

/** Debian from its own packages, with the workspace's Node, this machine's npm, and its certificates. */
async function makeBase(): Promise<void> {
  const there = await buildah('images', '--quiet', base).catch(() => '');
  if (there !== '') return;
  const folder = mkdtempSync(join(tmpdir(), 'dropgate-base-'));
  try {
    const variant = ['--variant=minbase', '--include=ca-certificates'];
    await run('debootstrap', [...variant, 'bookworm', folder], most);
    await addNode(folder);
    const container = await buildah('from', 'scratch');
    await buildah('copy', '--quiet', container, folder, '/');
    await buildah('config', ...addCertificates(folder), '--cmd', 'bash', container);
    await buildah('commit', '--quiet', '--rm', container, base);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function addNode(folder: string): Promise<void> {
  const { stdout } = await run('sh', ['-c', 'readlink -f "$(command -v npm)"']);
  const npm = dirname(dirname(stdout.trim()));
  const modules = join(folder, 'usr/local/lib/node_modules');
  mkdirSync(modules, { recursive: true });
  cpSync(npm, join(modules, 'npm'), { recursive: true });
  cpSync(process.execPath, join(folder, 'usr/local/bin/node'));
  for (const name of ['npm', 'npx']) {
    symlinkSync(`../lib/node_modules/npm/bin/${name}-cli.js`, join(folder, 'usr/local/bin', name));
  }
}

/** Those that this machine is told of are taken along: its registries may be behind an authority of their own. */
function addCertificates(folder: string): string[] {
  const own = process.env.NODE_EXTRA_CA_CERTS;
  if (!own || !existsSync(own)) return [];
  mkdirSync(dirname(join(folder, certificates)), { recursive: true });
  cpSync(own, join(folder, certificates), { dereference: true });
  const names = ['NODE_EXTRA_CA_CERTS', 'PIP_CERT'];
  return names.flatMap((name) => ['--env', `${name}=${certificates}`]);
}
