import { expect, test } from 'vitest';
import { administration } from './routes.ts';

test('the rules are told what is for operators and scrapers, and what keeps to the scopes of a key', () => {
  expect(administration).toEqual({
    operators: [
      '/admin/approvals',
      '/admin/events',
      '/security/rules',
      '/security/preview',
      '/security/matrix',
      '/security/decisions',
      '/security/override',
      '/security/overrides',
      '/security/overrides/*',
    ],
    scrapers: ['/metrics'],
    own: [
      '/admin/approvals',
      '/admin/agents',
      '/admin/agents/generations',
      '/agents/rollback',
      '/admin/runs',
      '/admin/runs/*',
      '/admin/runs/*/replay',
      '/admin/runs/*/fork',
      '/admin/runs/*/test',
      '/admin/usage',
      '/admin/events',
      '/security/rules',
      '/security/preview',
      '/security/matrix',
      '/security/decisions',
      '/security/override',
      '/security/overrides',
      '/security/overrides/*',
      '/security/keys',
      '/security/keys/*/rotate',
      '/security/keys/*',
    ],
  });
});
