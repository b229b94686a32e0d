import { createHash } from 'node:crypto';
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { onTestFinished } from 'vitest';
import { packTarball } from './tarball.ts';
import { tempFolder } from './temp-folder.ts';

export type PublishedPackage = {
  readonly name: string;
  readonly version: string;
  /** Path → text; an `index.js` that exports `name@version` where none is given. */
  readonly files?: Readonly<Record<string, string>>;
  readonly scripts?: Readonly<Record<string, string>>;
  readonly dependencies?: Readonly<Record<string, string>>;
};

export type NpmRegistry = {
  /** Settings for npm: this registry, a cache and a home of their own, no retries. */
  readonly env: Readonly<Record<string, string>>;
  /** From now on downloads of a package are begun and go on when they are released. */
  readonly hold: (name: string) => { readonly begun: Promise<void>; readonly release: () => void };
};

/** What is sent of a download that is held. */
const heldBytes = 50;

/** A registry of npm packages on loopback for one test, with these packages in it. */
export async function startNpmRegistry(
  packages: readonly PublishedPackage[],
): Promise<NpmRegistry> {
  const tarballs = new Map(packages.map((one) => [tarballPath(one), tarballOf(one)]));
  const held = new Map<string, () => void>();
  const waiting = new Map<ServerResponse, Buffer>();
  const server = createServer((request, response) => {
    const path = decodeURIComponent(request.url ?? '');
    const tarball = tarballs.get(path);
    const isHeld = held.get(path.split('/-/')[0] ?? '');
    if (tarball && isHeld) {
      waiting.set(response, tarball.subarray(heldBytes));
      response.write(tarball.subarray(0, heldBytes), isHeld);
      return;
    }
    if (tarball) {
      response.end(tarball);
      return;
    }
    const versions = packages.filter(({ name }) => `/${name}` === path);
    if (versions.length === 0) response.writeHead(404).end('{"error":"not_found"}');
    else response.end(JSON.stringify(packument(versions, tarballs, url)));
  });
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const home = await tempFolder();
  return {
    env: {
      HOME: home,
      npm_config_cache: `${home}/cache`,
      npm_config_registry: url,
      npm_config_fetch_retries: '0',
      PATH: process.env.PATH ?? '',
    },
    hold(name) {
      const begun = new Promise<void>((resolve) => held.set(`/${name}`, resolve));
      return {
        begun,
        release() {
          held.delete(`/${name}`);
          for (const [response, rest] of waiting) response.end(rest);
          waiting.clear();
        },
      };
    },
  };
}

function tarballPath({ name, version }: PublishedPackage): string {
  return `/${name}/-/${name.split('/').at(-1)}-${version}.tgz`;
}

/** The bytes that a package is published as. */
export function tarballOf({ files, ...manifest }: PublishedPackage): Buffer {
  const index = `module.exports = ${JSON.stringify(`${manifest.name}@${manifest.version}`)};\n`;
  return packTarball({
    'package/package.json': JSON.stringify(manifest),
    ...Object.fromEntries(
      Object.entries(files ?? { 'index.js': index }).map(([path, text]) => [
        `package/${path}`,
        text,
      ]),
    ),
  });
}

function packument(
  versions: readonly PublishedPackage[],
  tarballs: ReadonlyMap<string, Buffer>,
  url: string,
) {
  const described = versions.map(({ files: _, ...manifest }) => {
    const path = tarballPath(manifest);
    const bytes = tarballs.get(path) ?? Buffer.alloc(0);
    const integrity = `sha512-${createHash('sha512').update(bytes).digest('base64')}`;
    const hasInstallScript = manifest.scripts !== undefined;
    return { ...manifest, hasInstallScript, dist: { tarball: url + path, integrity } };
  });
  return {
    name: versions[0]?.name,
    'dist-tags': { latest: versions.at(-1)?.version },
    versions: Object.fromEntries(described.map((one) => [one.version, one])),
  };
}
