import { describe, expect, test } from 'vitest';
import { mountFlags } from './mounts.ts';

describe('the mounts of a sandbox', () => {
  test('go from the outside in, whatever order they are named in, and are closed at the end', () => {
    const flags = mountFlags(
      [
        { type: 'read', path: '/usr/src/app/src/agents/A' },
        { type: 'write', path: '/usr/src/app/.dropgate/data/a' },
        // A project below a folder that everybody sees, as it is in many containers.
        { type: 'empty', path: '/usr/src/app', sizeBytes: null },
        { type: 'link', path: '/bin', target: 'usr/bin' },
        { type: 'read', path: '/usr' },
        { type: 'empty', path: '/tmp', sizeBytes: 1000 },
      ],
      true,
    );
    expect(flags.join(' ')).toBe(
      [
        '--symlink usr/bin /bin',
        '--ro-bind-try /usr /usr',
        '--size 1000 --tmpfs /tmp',
        '--tmpfs /usr/src/app',
        '--ro-bind-try /usr/src/app/src/agents/A /usr/src/app/src/agents/A',
        '--bind /usr/src/app/.dropgate/data/a /usr/src/app/.dropgate/data/a',
        '--remount-ro /usr/src/app --remount-ro /',
      ].join(' '),
    );
  });

  test('leave out what is seen in a folder above, unless that is another one there', () => {
    const flags = mountFlags(
      [
        { type: 'read', path: '/usr' },
        { type: 'read', path: '/usr/lib/node' },
        { type: 'empty', path: '/usr/app', sizeBytes: null },
        { type: 'read', path: '/usr/app/lib' },
        { type: 'read', path: '/usr/app/lib/deep' },
        { type: 'read', path: '/data' },
        { type: 'write', path: '/data' },
      ],
      false,
    );
    expect(flags.filter((flag) => flag.startsWith('/'))).toEqual([
      '/usr',
      '/usr',
      '/data',
      '/data',
      '/usr/app',
      '/usr/app/lib',
      '/usr/app/lib',
      '/usr/app',
      '/',
    ]);
  });

  test('are of any size where the program cannot bound it', () => {
    const flags = mountFlags([{ type: 'empty', path: '/tmp', sizeBytes: 1000 }], false);
    expect(flags).toEqual(['--tmpfs', '/tmp', '--remount-ro', '/']);
  });
});
