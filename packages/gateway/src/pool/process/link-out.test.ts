import { mkdir, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { tempFolder } from '../../../test/support/temp-folder.ts';
import { findLinkOut } from './link-out.ts';

describe('a folder of a held module', () => {
  test.each([
    ['a link to a folder above', 'Agent/up', '..', ''],
    ['one below the allowed folder’s name, but beside it', 'Agent/near', '../Agent-2', 'Agent-2'],
    ['a link to nothing yet', 'Agent/deep/later', '../../later/x', 'later/x'],
    ['a link to a link that leads out', 'Agent/twice', 'once', 'Agent-2'],
  ])('is told apart by %s', async (_what, link, points, target) => {
    const root = await folder();
    if (link === 'Agent/twice') await symlink('../Agent-2', join(root, 'Agent/once'));
    await symlink(points, join(root, link));
    const found = await findLinkOut(join(root, 'Agent'), [join(root, 'Agent')]);
    expect(found).toMatchObject({ type: 'leads_out', target: join(root, target) });
  });

  test('may have links that stay inside, lead to what is allowed, or lead in a circle', async () => {
    const root = await folder();
    await symlink('deep/a.txt', join(root, 'Agent/inside'));
    await symlink('gone', join(root, 'Agent/gone-inside'));
    await symlink('circle', join(root, 'Agent/circle'));
    await symlink(join(root, 'Agent-2/notes.txt'), join(root, 'Agent/allowed'));
    const allowed = [join(root, 'Agent'), join(root, 'Agent-2/*')];
    expect(await findLinkOut(join(root, 'Agent'), allowed)).toBeNull();
  });
});

async function folder(): Promise<string> {
  const root = await tempFolder({ 'Agent/deep/a.txt': 'a', 'Agent-2/notes.txt': 'b' });
  await mkdir(join(root, 'Agent/empty'));
  return root;
}
