import type { Break } from './break.ts';
import { bridgeBreaks } from './known/bridge.ts';
import { consoleBreaks } from './known/console.ts';
import { discoveryBreaks } from './known/discovery.ts';
import { otherBreaks } from './known/others.ts';
import { policyBreaks } from './known/policy.ts';
import { reloadBreaks } from './known/reload.ts';
import { replayBreaks } from './known/replay.ts';
import { streamingBreaks } from './known/streaming.ts';

/** All breaks that the tests have to notice. */
export const knownBreaks: readonly Break[] = [
  ...discoveryBreaks,
  ...streamingBreaks,
  ...policyBreaks,
  ...bridgeBreaks,
  ...replayBreaks,
  ...reloadBreaks,
  ...consoleBreaks,
  ...otherBreaks,
];
