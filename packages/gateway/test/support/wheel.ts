import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { crc32 } from 'node:zlib';

/**
 * Writes a wheel of one module into a folder, and gives its path. `code` is the module; `main` in it is a program.
 *
 * @param needs - Requirements that it brings.
 */
export function writeWheel(
  folder: string,
  name: string,
  version: string,
  code: string,
  needs: readonly string[] = [],
): string {
  mkdirSync(folder, { recursive: true });
  const path = join(folder, `${name}-${version}-py3-none-any.whl`);
  const info = `${name}-${version}.dist-info`;
  const files = {
    [`${name}.py`]: code,
    [`${info}/METADATA`]: `Metadata-Version: 2.1\nName: ${name}\nVersion: ${version}\n${needs.map((one) => `Requires-Dist: ${one}\n`).join('')}`,
    [`${info}/WHEEL`]:
      'Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n',
    [`${info}/entry_points.txt`]: `[console_scripts]\nsay-${name} = ${name}:main\n`,
    [`${info}/RECORD`]: '',
  };
  writeFileSync(path, packZip(files));
  return path;
}

/** A zip archive of these files (path → text), stored as they are. */
function packZip(files: Readonly<Record<string, string>>): Buffer {
  const entries: Buffer[] = [];
  const directory: Buffer[] = [];
  let offset = 0;
  for (const [path, text] of Object.entries(files)) {
    const bytes = Buffer.from(text);
    const name = Buffer.from(path);
    const fields = fieldsOf(bytes, name.length);
    const entry = Buffer.concat([Buffer.from('PK\u0003\u0004'), fields, name, bytes]);
    const place = Buffer.alloc(14);
    // A file that everybody may read, at this place.
    place.writeUInt32LE((0o100644 << 16) >>> 0, 6);
    place.writeUInt32LE(offset, 10);
    directory.push(Buffer.from('PK\u0001\u0002\u0014\u0003'), fields, place, name);
    entries.push(entry);
    offset += entry.length;
  }
  const end = Buffer.alloc(18);
  const { length } = Buffer.concat(directory);
  for (const place of [4, 6]) end.writeUInt16LE(entries.length, place);
  end.writeUInt32LE(length, 8);
  end.writeUInt32LE(offset, 12);
  return Buffer.concat([...entries, ...directory, Buffer.from('PK\u0005\u0006'), end]);
}

/** What an entry and its line in the directory both say: version, flags, no compression, 1980-01-01, sum and sizes. */
function fieldsOf(bytes: Buffer, nameLength: number): Buffer {
  const fields = Buffer.alloc(26);
  fields.writeUInt16LE(20, 0);
  fields.writeUInt16LE(0x21, 8);
  fields.writeUInt32LE(crc32(bytes), 10);
  fields.writeUInt32LE(bytes.length, 14);
  fields.writeUInt32LE(bytes.length, 18);
  fields.writeUInt16LE(nameLength, 22);
  return fields;
}
