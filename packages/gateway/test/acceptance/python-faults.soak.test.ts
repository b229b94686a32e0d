import { testPythonFaults } from './python-faults.ts';

testPythonFaults({ acts: ['hoard', 'block'], prints: true, loads: true });
