import { testUpstreamFaults } from './upstream-faults.ts';

testUpstreamFaults(['OldPython']);
