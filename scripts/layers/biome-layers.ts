import { importTable, type Row } from './import-table.ts';

/** As deep as folders lie below a part; a file deeper is held by the architecture test alone. */
const depths = [1, 2, 3] as const;

/**
 * `biome.layers.json`, which `biome.json` extends: the import table as rules of the linter, so that an editor shows a
 * forbidden import at once. The linter does not tell types from values; the architecture test does.
 */
export function biomeLayers(): string {
  const folders = Object.entries(importTable).filter(([part]) => part.endsWith('/'));
  const overrides = folders.flatMap(([part, row]) =>
    depths.map((depth) => layerRule(part, row, depth)),
  );
  return `${JSON.stringify({ overrides }, null, 2)}\n`;
}

function layerRule(part: string, row: Row, depth: number) {
  const up = '../'.repeat(depth);
  const allowed = [...row.mayImport, ...(row.mayImportTypes ?? [])];
  const group = [
    `${up}**`,
    ...(part === 'worker/' ? [] : ['@openai/agents*']),
    ...allowed.map((target) => `!${up}${target.endsWith('/') ? `${target}**` : target}`),
  ];
  const options = {
    patterns: [{ group, message: 'See the import table in docs/architecture.md.' }],
  };
  return {
    includes: [`packages/gateway/src/${part}${'*/'.repeat(depth - 1)}*.ts`, '!**/*.test.ts'],
    linter: { rules: { style: { noRestrictedImports: { level: 'error', options } } } },
  };
}
