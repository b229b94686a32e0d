import { mkdir, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { tempFolder } from '../../../test/support/temp-folder.ts';
import { runtimeView } from './runtime-view.ts';

describe('what a sandbox shows of a Python', () => {
  test('is its installation, by the links that lead there', async () => {
    const root = await tempFolder({ 'real/bin/python3': '', 'real/lib/os.py': '' });
    await mkdir(join(root, 'shared/bin'), { recursive: true });
    await symlink(join(root, 'real/bin/python3'), join(root, 'shared/bin/python'));
    expect(paths(join(root, 'shared/bin/python'), join(root, 'agents/A'))).toEqual([
      join(root, 'shared/bin'),
      join(root, 'shared/lib'),
      join(root, 'shared/lib64'),
      join(root, 'shared/pyvenv.cfg'),
      join(root, 'real/bin'),
      join(root, 'real/lib'),
      join(root, 'real/lib64'),
      join(root, 'real/pyvenv.cfg'),
    ]);
  });

  test('is nothing that an environment in the module’s folder links to', async () => {
    const root = await tempFolder({ 'real/bin/python3': '', 'secret/key': '' });
    const own = join(root, 'agents/A/.venv');
    await mkdir(join(own, 'bin'), { recursive: true });
    await symlink(join(root, 'real/bin/python3'), join(own, 'bin/python'));
    await symlink(join(root, 'secret'), join(own, 'lib64'));
    const shown = paths(join(own, 'bin/python'), join(root, 'agents/A'));
    expect(shown).not.toContain(join(root, 'secret'));
    expect(shown).toContain(join(root, 'real/lib'));
  });
});

function paths(interpreter: string, moduleFolder: string): string[] {
  return runtimeView({ language: 'python', interpreter }, moduleFolder).map(({ path }) => path);
}
