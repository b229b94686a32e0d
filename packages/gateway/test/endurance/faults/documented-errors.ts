import { readFileSync } from 'node:fs';
import { join } from 'node:path';

const page = join(import.meta.dirname, '../../../../../docs/errors.md');

/** Status and `error.code` of every failure that the documentation names. */
const rows = readFileSync(page, 'utf8')
  .split('\n')
  .flatMap((line) => {
    const [, failure, status, , code] = line.split('|').map((cell) => cell.trim());
    return failure?.startsWith('`') ? [{ status: Number(status), code: code?.slice(1, -1) }] : [];
  });

/** Whether callers are told of such a failure; in a stream that has begun any status is 200. */
export function isDocumented(code: string | null, status?: number): boolean {
  const asked = code ?? 'null';
  return rows.some((row) => row.code === asked && (status === undefined || row.status === status));
}
