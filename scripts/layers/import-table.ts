/** What a part of `packages/gateway/src/` may import beside itself, and why it is there. Paths of folders end in `/`. */
export type Row = {
  readonly mayImport: readonly string[];
  /** Where only types may come from: nothing of it is left when the code runs. */
  readonly mayImportTypes?: readonly string[];
};

const base = ['errors.ts', 'events.ts', 'protocol/'];
const domain = ['policy/', 'registry/', 'dependencies/', 'runs/', 'tools/', 'upstreams/'];

/**
 * Who may import whom. The architecture test holds the code to it; the linter's rules (`biome.layers.json`) and the
 * table in `docs/architecture.md` are written from it by `npm run docs`.
 */
export const importTable: Readonly<Record<string, Row>> = {
  'errors.ts': { mayImport: [] },
  'own-files.ts': { mayImport: [] },
  'protocol/': { mayImport: ['errors.ts'] },
  'events.ts': { mayImport: ['errors.ts', 'protocol/'] },
  'system/': { mayImport: ['errors.ts', 'protocol/text/decode-text.ts'] },
  'policy/': { mayImport: base },
  'registry/': { mayImport: [...base, 'system/', 'policy/'] },
  'dependencies/': { mayImport: [...base, 'system/', 'policy/'] },
  'runs/': { mayImport: [...base, 'policy/'] },
  'tools/': { mayImport: [...base, 'system/', 'policy/'] },
  'upstreams/': { mayImport: [...base, 'policy/'] },
  'pool/': { mayImport: [...base, 'own-files.ts', 'system/'] },
  'storage/': { mayImport: base },
  'observability/': { mayImport: base },
  'config/': {
    mayImport: [
      'errors.ts',
      'own-files.ts',
      'protocol/',
      'policy/settings.ts',
      'tools/settings.ts',
    ],
  },
  'worker/': { mayImport: ['errors.ts', 'own-files.ts', 'protocol/'] },
  'cases/': { mayImport: ['errors.ts', 'protocol/', 'system/'] },
  'http/': { mayImport: ['errors.ts', 'protocol/'], mayImportTypes: ['events.ts', ...domain] },
  'cli/': {
    mayImport: [
      'errors.ts',
      'own-files.ts',
      'protocol/',
      'system/',
      'config/',
      'storage/',
      'policy/',
      'dependencies/',
      'registry/discovery/',
      'http/routes.ts',
      'tools/outbound/safe-fetch.ts',
      'upstreams/models/',
      'upstreams/probe-upstreams.ts',
      'cases/',
      'gateway.ts',
    ],
  },
  'assembly/': {
    mayImport: [
      ...base,
      'system/',
      ...domain,
      'pool/',
      'storage/',
      'observability/',
      'config/',
      'cases/',
      'http/',
    ],
  },
  'gateway.ts': { mayImport: ['errors.ts', 'protocol/', 'config/', 'assembly/'] },
  'index.ts': { mayImport: ['gateway.ts', 'config/'] },
  'testing.ts': { mayImport: ['errors.ts', 'protocol/', 'config/', 'cases/', 'gateway.ts'] },
};
