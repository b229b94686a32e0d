import { expect, test } from 'vitest';
import { openStore } from './open-store.ts';

test('refuses a database it does not know, without repeating its password', async () => {
  await expect(openStore('mysql://me:S3CRET@db')).rejects.toThrow(
    'The store_url is of an unknown kind. Use `sqlite:<file>` or `postgres://…`.',
  );
});
