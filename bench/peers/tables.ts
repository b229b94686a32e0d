import type { PeerResult, Results, ShapeName, ShapeResult, Spread } from './results.ts';

const titles: readonly (readonly [ShapeName, string])[] = [
  ['whole_16', 'Whole: one tool, two calls of the model, 16 at a time'],
  ['streamed_16', 'Streamed: 50 deltas, no tool, 16 at a time'],
  ['whole_1', 'Whole, one at a time'],
];

/** The figures as Markdown: a table for each kind of run, memory, versions, and what was left out. */
export function tables(results: Results): string {
  return [
    about(results),
    ...titles.map(([name, title]) => shapeTable(results, name, title)),
    memoryTable(results),
    skippedList(results),
  ]
    .filter((part) => part !== '')
    .join('\n\n');
}

function about({ machine, rounds, measured_at, command }: Results): string {
  const { cpu, cores, node, python, load_average_before } = machine;
  return [
    `Measured on ${measured_at.slice(0, 10)} with \`${command}\` (${rounds} rounds), ${cores} cores (${cpu}), Node ${node},`,
    `Python ${python}, load average before ${load_average_before.toFixed(1)}. Medians of the rounds; in brackets the least and the greatest.`,
  ].join('\n');
}

function shapeTable({ peers }: Results, name: ShapeName, title: string): string {
  const isStreamed = name === 'streamed_16';
  const heads = ['runs/s', 'CPU ms a run', 'p50 ms', 'p99 ms'];
  if (isStreamed) heads.push('first text p50 ms', 'events with text');
  heads.push('CPU to Dropgate’s', 'runs/s to Dropgate’s', 'errors');
  const row = (peer: PeerResult) => {
    const shape = peer.shapes[name];
    return line([peer.title, ...cells(shape, isStreamed ? peer.events_with_text : null)]);
  };
  return [
    `**${title}**`,
    '',
    line(['', ...heads]),
    line(['---', ...heads.map(() => '---')]),
    ...peers.map(row),
  ].join('\n');
}

function cells(shape: ShapeResult, eventsWithText: number | null): string[] {
  const { to_dropgate, first_text_p50_ms } = shape;
  const firstText = first_text_p50_ms ? shown(first_text_p50_ms.median) : '–';
  return [
    number(shape.runs_per_second),
    number(shape.cpu_ms_per_run),
    shown(shape.p50_ms.median),
    shown(shape.p99_ms.median),
    ...(eventsWithText === null ? [] : [firstText, String(eventsWithText)]),
    to_dropgate ? number(to_dropgate.cpu) : '–',
    to_dropgate ? number(to_dropgate.runs) : '–',
    shape.errors === 0 ? '0' : `${shape.errors} of ${shape.errors + shape.runs}`,
  ];
}

function memoryTable({ peers }: Results): string {
  const heads = ['processes', 'private MB', 'RSS MB', 'ready after', 'warmed with', 'versions'];
  const row = ({ title, memory, ready_ms, warmed, versions }: PeerResult) =>
    line([
      title,
      String(memory.processes),
      String(memory.private_mb),
      String(memory.rss_mb),
      `${(ready_ms / 1000).toFixed(1)} s`,
      `${warmed.runs} runs in ${warmed.seconds.toFixed(0)} s`,
      Object.entries(versions)
        .map(([name, version]) => `${name} ${version}`)
        .join(', '),
    ]);
  return [
    '**Memory of all its processes after the last round**',
    '',
    line(['', ...heads]),
    line(['---', ...heads.map(() => '---')]),
    ...peers.map(row),
  ].join('\n');
}

function skippedList({ skipped }: Results): string {
  if (skipped.length === 0) return '';
  return ['Not measured:', '', ...skipped.map((one) => `- ${one.title}: ${one.message}`)].join(
    '\n',
  );
}

function line(values: readonly string[]): string {
  return `| ${values.join(' | ')} |`;
}

function number({ median, least, most }: Spread): string {
  return `${shown(median)} (${shown(least)}–${shown(most)})`;
}

/** Three digits say what can be said. */
function shown(value: number): string {
  if (value >= 100) return value.toFixed(0);
  return value >= 10 ? value.toFixed(1) : value.toFixed(2);
}
