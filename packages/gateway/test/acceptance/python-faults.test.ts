import { testPythonFaults } from './python-faults.ts';

testPythonFaults({ acts: ['exit'], prints: false, loads: false });
