/** What of a list follows on the record `after`; from the start where that is not there by now. `next` is null on the last page. */
export function pageOf<Item extends { readonly id: string }>(
  items: readonly Item[],
  { after, limit }: { readonly after?: string | undefined; readonly limit: number },
): { readonly start: number; readonly page: readonly Item[]; readonly next: string | null } {
  const start = items.findIndex(({ id }) => id === after) + 1;
  const page = items.slice(start, start + limit);
  const isLast = start + limit >= items.length;
  return { start, page, next: isLast ? null : (page.at(-1)?.id ?? null) };
}
