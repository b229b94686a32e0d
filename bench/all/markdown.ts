/** A table as it was printed: the heads of its columns, and its rows. */
export type Table = {
  readonly columns: readonly string[];
  readonly rows: readonly (readonly string[])[];
};

/** All tables of a text in Markdown; what is between them is left out. */
export function tablesIn(text: string): Table[] {
  const groups: string[][] = [[]];
  for (const line of text.split('\n')) {
    if (line.startsWith('|')) groups.at(-1)?.push(line);
    else groups.push([]);
  }
  return groups.flatMap(([head, , ...rows]) =>
    head === undefined ? [] : { columns: cellsOf(head), rows: rows.map(cellsOf) },
  );
}

/** A table in Markdown. */
export function tableText({ columns, rows }: Table): string {
  return [columns, columns.map(() => '---'), ...rows].map(rowText).join('\n');
}

/** A text whose tables are aligned in no way: what is the same but for that is equal. */
export function unaligned(text: string): string {
  const plain = (line: string) =>
    line.startsWith('|') ? rowText(cellsOf(line.replaceAll(/-{3,}/g, '---'))) : line;
  return text.split('\n').map(plain).join('\n').trim();
}

function cellsOf(line: string): string[] {
  return line
    .replace(/^\|/, '')
    .replace(/\|\s*$/, '')
    .split(/(?<!\\)\|/)
    .map((cell) => cell.trim());
}

function rowText(cells: readonly string[]): string {
  return `| ${cells.join(' | ')} |`;
}
