import { lstatSync, readlinkSync } from 'node:fs';
import { join } from 'node:path';
import type { Mount } from './mounts.ts';

/** Folders of the system's programs and libraries; links among them are the same links inside. */
const programs = ['/usr', '/bin', '/sbin', '/lib', '/lib32', '/lib64', '/libx32', '/nix/store'];

/** What programs read of `/etc`, none of it secret: names, libraries, certificates, how hosts are found. */
const settings = [
  'alternatives',
  'ca-certificates',
  'fonts',
  'group',
  'host.conf',
  'hosts',
  'ld.so.cache',
  'ld.so.conf',
  'ld.so.conf.d',
  'localtime',
  'mime.types',
  'nsswitch.conf',
  'passwd',
  'pki',
  'protocols',
  'resolv.conf',
  'services',
  'ssl',
  'timezone',
];

/** What a process of any program needs of the machine. */
export function systemView(): Mount[] {
  return [
    ...programs.flatMap(programMount),
    ...settings.map((name): Mount => ({ type: 'read', path: join('/etc', name) })),
  ];
}

function programMount(path: string): Mount[] {
  const stats = lstatSync(path, { throwIfNoEntry: false });
  if (!stats) return [];
  return [
    stats.isSymbolicLink()
      ? { type: 'link', path, target: readlinkSync(path) }
      : { type: 'read', path },
  ];
}
