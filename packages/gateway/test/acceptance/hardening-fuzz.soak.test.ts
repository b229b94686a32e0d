import { testMalformedTraffic } from './malformed-traffic.ts';

testMalformedTraffic(10_000);
