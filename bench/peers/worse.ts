import { type Results, type ShapeName, shapeNames } from './results.ts';

/** More than noise on a machine that other work keeps busy. */
const mostTimesCommitted = 1.5;

/** In which shapes Dropgate's CPU a run, against the limit's, is much more than committed: a line each. */
export function worseThanCommitted(now: Results, committed: Results): string[] {
  return shapeNames.flatMap((name) => {
    const [ratio, before] = [cpuToLimit(now, name), cpuToLimit(committed, name)];
    if (ratio === null || before === null || ratio <= before * mostTimesCommitted) return [];
    return `${name}: Dropgate takes ${ratio.toFixed(2)} times the CPU of the limit; committed are ${before.toFixed(2)}.`;
  });
}

function cpuToLimit({ peers }: Results, shape: ShapeName): number | null {
  const of = (name: string) =>
    peers.find((peer) => peer.name === name)?.shapes[shape]?.cpu_ms_per_run.median;
  const [dropgate, limit] = [of('dropgate'), of('limit')];
  return dropgate && limit ? dropgate / limit : null;
}
