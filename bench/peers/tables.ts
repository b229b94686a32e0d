import { machineText, versionsText } from '../all/words.ts';
import { deltas } from './ask-peer.ts';
import { mostSecondsOfRun } from './measure.ts';
import type { PeerResult, Results, ShapeName, ShapeResult, Spread } from './results.ts';

const titles: readonly (readonly [ShapeName, string])[] = [
  ['whole_16', 'Whole: one tool, two calls of the model, 16 at a time'],
  ['streamed_16', 'Streamed: 50 deltas sent together, no tool, 16 at a time'],
  ['paced_16', 'Streamed: 50 deltas with 10 ms before each, no tool, 16 at a time'],
  ['whole_64', 'Whole, 64 at a time'],
  ['streamed_64', 'Streamed: 50 deltas sent together, 64 at a time'],
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

function about({ machine, versions, rounds, measured_at, command }: Results): string {
  return [
    `Measured on ${measured_at.slice(0, 10)} with \`${command}\` (${rounds} rounds): ${machineText(machine)}; ${versionsText(versions)}.`,
    'Medians of the rounds; in brackets the least and the greatest.',
  ].join('\n');
}

function shapeTable({ peers }: Results, name: ShapeName, title: string): string {
  const heads = ['runs/s', 'CPU ms a run', 'p50 ms', 'p99 ms', ...streamHeads(name)];
  heads.push('CPU to Dropgate’s', 'runs/s to Dropgate’s', 'errors');
  const rows = peers.flatMap((peer) => {
    const shape = peer.shapes[name];
    return shape ? line([peer.title, ...cells(shape, streamCells(name, shape, peer))]) : [];
  });
  if (rows.length === 0) return '';
  const left = peers.filter(({ shapes }) => !shapes[name]).map((peer) => peer.title);
  const why = `Left out, since 64 at a time would take more than ${mostSecondsOfRun} s for a run: ${left.join('; ')}.`;
  return [
    `**${title}**`,
    '',
    line(['', ...heads]),
    line(['---', ...heads.map(() => '---')]),
    ...rows,
    ...(left.length > 0 ? ['', why] : []),
  ].join('\n');
}

function streamHeads(name: ShapeName): string[] {
  if (name.startsWith('whole')) return [];
  const heads = ['first text p50 ms', 'events with text'];
  return name === 'paced_16' ? [...heads, 'CPU µs a delta'] : heads;
}

function streamCells(name: ShapeName, shape: ShapeResult, peer: PeerResult): string[] {
  if (name.startsWith('whole')) return [];
  const { first_text_p50_ms, cpu_ms_per_run } = shape;
  const firstText = first_text_p50_ms ? shown(first_text_p50_ms.median) : '–';
  if (name !== 'paced_16') return [firstText, String(peer.events_with_text)];
  const micros = shown((cpu_ms_per_run.median * 1000) / deltas);
  return [firstText, String(peer.events_with_text_paced ?? '–'), micros];
}

function cells(shape: ShapeResult, ofStream: readonly string[]): string[] {
  const { to_dropgate } = shape;
  return [
    number(shape.runs_per_second),
    number(shape.cpu_ms_per_run),
    shown(shape.p50_ms.median),
    shown(shape.p99_ms.median),
    ...ofStream,
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
