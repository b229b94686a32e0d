import { chmod, mkdir, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { launcher } from '../support/cli-process.ts';

/**
 * Writes what a reader has in the PATH: `dropgate`, this Node, `npx dropgate`, Python with the SDK, and an `npm` and a `pip`
 * that install nothing and fail for a package that is not there already.
 *
 * @param options.python - Absolute path of a Python; without one there is none.
 * @param options.programs - Texts of further programs, and of those that stand in for others.
 */
export async function makePrograms(
  folder: string,
  options: {
    readonly python?: string;
    readonly programs?: Readonly<Record<string, string>>;
  } = {},
): Promise<void> {
  await mkdir(folder, { recursive: true });
  await symlink(process.execPath, join(folder, 'node'));
  const node = `exec "${process.execPath}"`;
  const { python, programs: more } = options;
  const programs: Record<string, string> = {
    dropgate: `${node} "${launcher}" "$@"`,
    npx: `[ "$1" = dropgate ] && shift && exec dropgate "$@"\necho "npx: no $1 here" >&2; exit 127`,
    npm: `shift; for name; do case "$name" in -*) ;; *) ls -d "node_modules/$name" ;; esac || exit 1; done`,
    ...(python && {
      python: `exec "${python}" "$@"`,
      pip: `exec "${python}" -c 'import importlib.metadata as m, sys; m.version(sys.argv[2].split("[")[0])' "$@"`,
    }),
    ...more,
  };
  for (const [name, text] of Object.entries(programs)) {
    await writeFile(join(folder, name), `#!/bin/sh\n${text}\n`);
    await chmod(join(folder, name), 0o755);
  }
}
