/** A bar of a chart. The kind says its colour: the limit, Dropgate, or another. */
export type Bar = {
  readonly label: string;
  readonly value: number;
  readonly kind: 'limit' | 'own' | 'other';
};

const width = 760;
const labelWidth = 360;
const barHeight = 18;
const rowHeight = 26;
const top = 34;

/** A chart of bars as text of SVG that is legible on light and on dark. */
export function barChart(title: string, bars: readonly Bar[]): string {
  const most = scaleOf(bars.map(({ value }) => value));
  const height = top + bars.length * rowHeight + 6;
  const room = width - labelWidth - 70;
  const rows = bars.map(({ label, value, kind }, at) => {
    const y = top + at * rowHeight;
    const length = Math.max(1, Math.min(1, value / most) * room);
    const middle = y + barHeight / 2 + 4;
    return [
      `<text class="label" x="${labelWidth - 8}" y="${middle}" text-anchor="end">${escaped(label)}</text>`,
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

function escaped(label: string): string {
  return label.replaceAll('`', '').replace(/&/g, '&amp;').replace(/</g, '&lt;');
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
