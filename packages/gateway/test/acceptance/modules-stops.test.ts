import { testModuleStops } from './module-stops.ts';

testModuleStops('responses');
