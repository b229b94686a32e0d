import type { PeerResult, Results } from './results.ts';

type Bar = {
  readonly label: string;
  readonly value: number;
  readonly kind: 'limit' | 'own' | 'other';
};

const width = 760;
const labelWidth = 360;
const barHeight = 18;
const rowHeight = 26;
const top = 34;

/** The charts of a result by the names of their files, as text of SVG that is legible on light and on dark. */
export function chartsOf(results: Results): Readonly<Record<string, string>> {
  const chart = (title: string, value: (peer: PeerResult) => number) =>
    svg(
      title,
      results.peers.map((peer) => ({
        label: plain(peer.title),
        value: value(peer),
        kind: kindOf(peer),
      })),
    );
  return {
    'peers-cpu-whole.svg': chart(
      'CPU ms a run: one tool, two calls of the model, 16 at a time (less is better)',
      ({ shapes }) => shapes.whole_16.cpu_ms_per_run.median,
    ),
    'peers-cpu-streamed.svg': chart(
      'CPU ms a run: 50 deltas streamed, 16 at a time (less is better)',
      ({ shapes }) => shapes.streamed_16.cpu_ms_per_run.median,
    ),
    'peers-first-text.svg': chart(
      'First text p50 in ms: 50 deltas streamed, 16 at a time (less is better)',
      ({ shapes }) => shapes.streamed_16.first_text_p50_ms?.median ?? 0,
    ),
    'peers-memory.svg': chart(
      'Private memory of all processes in MB, after the last round (less is better)',
      ({ memory }) => memory.private_mb,
    ),
  };
}

function kindOf({ name }: PeerResult): Bar['kind'] {
  if (name.startsWith('limit')) return 'limit';
  return name.startsWith('dropgate') ? 'own' : 'other';
}

function plain(title: string): string {
  return title.replaceAll('`', '').replace(/&/g, '&amp;').replace(/</g, '&lt;');
}

function svg(title: string, bars: readonly Bar[]): string {
  const most = scaleOf(bars.map(({ value }) => value));
  const height = top + bars.length * rowHeight + 6;
  const room = width - labelWidth - 70;
  const rows = bars.map(({ label, value, kind }, at) => {
    const y = top + at * rowHeight;
    const length = Math.max(1, Math.min(1, value / most) * room);
    const middle = y + barHeight / 2 + 4;
    return [
      `<text class="label" x="${labelWidth - 8}" y="${middle}" text-anchor="end">${label}</text>`,
      `<rect class="${kind}" x="${labelWidth}" y="${y}" width="${length.toFixed(1)}" height="${barHeight}" rx="2"/>`,
      `<text x="${(labelWidth + length + 6).toFixed(1)}" y="${middle}">${digits(value)}${value > most ? ' (cut)' : ''}</text>`,
    ].join('\n  ');
  });
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" role="img" aria-label="${title}">
  <style>
    text { font: 12px system-ui, sans-serif; fill: #57606a; }
    .title { font-weight: 600; }
    .limit { fill: #8c959f; }
    .own { fill: #1a7f64; }
    .other { fill: #5b7fb8; }
    @media (prefers-color-scheme: dark) { text { fill: #adbac7; } .own { fill: #3fb68b; } .other { fill: #7d9fd3; } }
  </style>
  <text class="title" x="8" y="18">${title}</text>
  ${rows.join('\n  ')}
</svg>
`;
}

/** The greatest value, or less where one is so great that all others would look alike: its bar is cut. */
function scaleOf(values: readonly number[]): number {
  const [first = 0, second = 0] = values.toSorted((a, b) => b - a);
  return Math.max(first > 3 * second && second > 0 ? second * 1.25 : first, 0.001);
}

function digits(value: number): string {
  if (value >= 100) return value.toFixed(0);
  return value >= 10 ? value.toFixed(1) : value.toFixed(2);
}
