import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { importTable } from '../layers/import-table.ts';
import { workspaceRoot } from '../source-files.ts';
import { code, table } from './markdown.ts';

const begin = '<!-- Import table: written from scripts/layers/import-table.ts -->\n';
const end = '<!-- End of the import table -->';

/**
 * `docs/architecture.md` as it is, with the import table written anew between its marks.
 *
 * @throws Error where a mark is missing.
 */
export function architecturePage(): string {
  const text = readFileSync(join(workspaceRoot, 'docs/architecture.md'), 'utf8');
  const from = text.indexOf(begin);
  const to = text.indexOf(end);
  if (from < 0 || to < from) throw new Error(`docs/architecture.md lacks the mark ${begin}`);
  return `${text.slice(0, from)}${begin}\n${importRows()}\n${text.slice(to)}`;
}

function importRows(): string {
  const rows = Object.entries(importTable).map(([part, { mayImport, mayImportTypes = [] }]) => [
    code(part),
    mayImport.map(code).join(', ') || 'nothing at all',
    mayImportTypes.map(code).join(', '),
  ]);
  return table(['part', 'may import', 'may import types of'], rows);
}
