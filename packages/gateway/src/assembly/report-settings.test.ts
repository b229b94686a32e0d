import { expect, test } from 'vitest';
import type { LiveConfig } from '../config/live-config.ts';
import type { GatewayEvent } from '../events.ts';
import { createReportSettings } from './report-settings.ts';

const live = {
  path: 'gateway.yaml',
  current: () => ({
    projectRoot: '/app',
    configFile: null,
    givenVariables: [{ agents: 'lab/*', name: 'KEY', from: { env: 'KEY' } }],
    testGates: [
      { agents: '*', isGate: false },
      { agents: 'lab/a', isGate: true },
    ],
    security: { namespaces: {}, rules: [] },
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
