import { testUpstreamFaults } from './upstream-faults.ts';

testUpstreamFaults(['NewPython', 'OldPython']);
