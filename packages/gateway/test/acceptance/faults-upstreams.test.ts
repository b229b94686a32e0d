import { testUpstreamFaults } from './upstream-faults.ts';

testUpstreamFaults(['NewApi', 'OldApi']);
