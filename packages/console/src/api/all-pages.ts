/** Most pages that are read one after another. */
const maxPages = 50;

/** Rows of a page: the most that the gateway gives at once. */
export const pageLimit = 1000;

/** Every row of a list that comes in pages. `read` gets the `next` of the page before. */
export async function allPages<Row>(
  read: (after: string | undefined) => Promise<{
    readonly rows: readonly Row[];
    readonly next: string | null;
  }>,
): Promise<readonly Row[]> {
  const all: Row[] = [];
  let after: string | undefined;
  for (let page = 0; page < maxPages; page += 1) {
    const { rows, next } = await read(after);
    all.push(...rows);
    if (next === null) break;
    after = next;
  }
  return all;
}
