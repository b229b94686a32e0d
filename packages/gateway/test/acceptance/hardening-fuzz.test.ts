import { testMalformedTraffic } from './malformed-traffic.ts';

testMalformedTraffic(1000);
