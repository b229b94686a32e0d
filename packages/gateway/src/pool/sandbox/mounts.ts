import { dirname } from 'node:path';

/** One thing that a sandboxed process sees, under the path it has outside. */
export type Mount =
  /** A file or folder that is read; where it is not there it is left out. */
  | { readonly type: 'read'; readonly path: string }
  | { readonly type: 'write'; readonly path: string }
  /** A folder of its own, in memory; `sizeBytes` where it may be written. */
  | { readonly type: 'empty'; readonly path: string; readonly sizeBytes: number | null }
  | { readonly type: 'link'; readonly path: string; readonly target: string };

/**
 * The flags of bubblewrap that make these mounts. A path further down comes later, so that it is seen in what lies
 * above it whatever the order in which they were named; of one path the last mount counts.
 */
export function mountFlags(mounts: readonly Mount[], boundsFiles: boolean): string[] {
  const byPath = new Map(mounts.map((mount) => [mount.path, mount]));
  const ordered = [...byPath.values()]
    .filter((mount) => mount.type !== 'read' || typeAbove(mount.path, byPath) !== 'read')
    .toSorted((a, b) => depth(a.path) - depth(b.path));
  // Folders that hold others are closed once these are in.
  const closed = ordered.flatMap(({ type, path, ...mount }) =>
    type === 'empty' && 'sizeBytes' in mount && mount.sizeBytes === null ? path : [],
  );
  return [
    ...ordered.flatMap((mount) => flagsOf(mount, boundsFiles)),
    ...[...closed, '/'].flatMap((path) => ['--remount-ro', path]),
  ];
}

function flagsOf(mount: Mount, boundsFiles: boolean): string[] {
  switch (mount.type) {
    case 'read':
      return ['--ro-bind-try', mount.path, mount.path];
    case 'write':
      return ['--bind', mount.path, mount.path];
    case 'link':
      return ['--symlink', mount.target, mount.path];
    case 'empty': {
      const size = boundsFiles && mount.sizeBytes !== null ? ['--size', `${mount.sizeBytes}`] : [];
      return [...size, '--tmpfs', mount.path];
    }
    default:
      return mount satisfies never;
  }
}

/** What the nearest mount above a path is: what lies in a folder that is read needs none of its own. */
function typeAbove(path: string, byPath: ReadonlyMap<string, Mount>): Mount['type'] | null {
  const parent = dirname(path);
  if (parent === path) return null;
  return byPath.get(parent)?.type ?? typeAbove(parent, byPath);
}

function depth(path: string): number {
  return path.split('/').filter((part) => part !== '').length;
}
