import { type Bar, barChart } from '../all/bar-chart.ts';
import type { PeerResult, Results } from './results.ts';

/** The charts of a result by the names of their files. */
export function peersCharts({ peers }: Results): Readonly<Record<string, string>> {
  const chart = (file: string, title: string, of: (peer: PeerResult) => number | undefined) => {
    const bars = peers.flatMap((peer): Bar | [] => {
      const value = of(peer);
      return value === undefined ? [] : { label: peer.title, value, kind: kindOf(peer) };
    });
    return bars.length > 0 ? { [file]: barChart(`${title} (less is better)`, bars) } : {};
  };
  return {
    ...chart(
      'peers-cpu-whole.svg',
      'CPU ms a run: one tool, two calls of the model, 16 at a time',
      ({ shapes }) => shapes.whole_16?.cpu_ms_per_run.median,
    ),
    ...chart(
      'peers-cpu-streamed.svg',
      'CPU ms a run: 50 deltas streamed together, 16 at a time',
      ({ shapes }) => shapes.streamed_16?.cpu_ms_per_run.median,
    ),
    ...chart(
      'peers-cpu-paced.svg',
      'CPU ms a run: 50 deltas streamed with a pause before each, 16 at a time',
      ({ shapes }) => shapes.paced_16?.cpu_ms_per_run.median,
    ),
    ...chart(
      'peers-first-text.svg',
      'First text p50 in ms: 50 deltas with 10 ms before each, 16 at a time',
      ({ shapes }) => shapes.paced_16?.first_text_p50_ms?.median,
    ),
    ...chart(
      'peers-memory.svg',
      'Private memory of all processes in MB, after the last round',
      ({ memory }) => memory.private_mb,
    ),
  };
}

function kindOf({ name }: PeerResult): Bar['kind'] {
  if (name.startsWith('limit')) return 'limit';
  return name.startsWith('dropgate') ? 'own' : 'other';
}
