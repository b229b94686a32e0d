import { expect, test } from 'vitest';
import type { LiveConfig } from '../config/live-config.ts';
import type { GatewayEvent } from '../events.ts';
import { createReportSettings } from './report-settings.ts';

const live = {
  path: 'gateway.yaml',
  current: () => ({
    projectRoot: '/app',
    configFile: null,
    isConfigBlank: false,
    givenVariables: [{ agents: 'lab/*', name: 'KEY', from: { env: 'KEY' } }],
    testGates: [
      { agents: '*', isGate: false },
      { agents: 'lab/a', isGate: true },
    ],
    security: { namespaces: {}, rules: [] },
    issuers: [{ name: 'corp' }],
  }),
} as unknown as LiveConfig;

test('what names no agent is told once until it changes, beside what a reading found', () => {
  const told: string[][] = [];
  const emit = (event: GatewayEvent) => {
    if (event.type === 'findings_reported') told.push(event.findings.map(({ code }) => code));
  };
  const report = createReportSettings({ live, emit });
  report.scanned(['labs/a']);
  report.scanned(['labs/a', 'labs/b']);
  report.read([{ stage: 'metadata', code: 'bad_setting', severity: 'error', message: 'Wrong.' }]);
  report.scanned(['lab/a']);
  report.read([]);
  expect(told).toEqual([
    ['names_no_agent', 'names_no_agent'],
    ['bad_setting', 'names_no_agent', 'names_no_agent'],
    ['bad_setting'],
    [],
  ]);
});

test('what is wrong with issuers of tokens is told until it is over', () => {
  const told: string[][] = [];
  const emit = (event: GatewayEvent) => {
    if (event.type === 'findings_reported') told.push(event.findings.map(({ message }) => message));
  };
  const rules = [
    {
      id: 'no',
      action: 'administer',
      principals: ['oidc:crop:*', 'oidc:c*:a', 'bob'],
      resources: [],
    },
  ];
  const current = () => ({ ...live.current(), security: { namespaces: {}, rules } });
  const report = createReportSettings({
    live: { ...live, current } as unknown as LiveConfig,
    emit,
  });
  report.issuerChanged('corp', new Error('Its server answered 500.'));
  report.issuerChanged('corp', new Error('Its server answered 500.'));
  report.issuerChanged('gone', new Error('It is no JSON.'));
  report.issuerChanged('corp', null);
  const misspelt =
    'security: rule no names the issuer crop, which `auth.jwt` does not have. Did you mean corp?';
  const unreadable =
    'The keys of the issuer corp cannot be read, so tokens of it are refused once those that were read before are too old: Its server answered 500.';
  expect(told).toEqual([[misspelt, unreadable], [misspelt]]);
});
