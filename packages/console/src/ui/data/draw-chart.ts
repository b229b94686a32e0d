import UPlot from 'uplot';
import { text } from '../../strings/text.ts';
import type { ChartData } from './chart.tsx';

/** Half of a bar stands on each side of its day. */
const halfDaySeconds = 43_200;
const dayFormat = new Intl.DateTimeFormat('en-GB', {
  day: 'numeric',
  month: 'short',
  timeZone: 'UTC',
});

type DrawOptions = {
  readonly data: ChartData;
  /** How a value is written. */
  readonly format: (value: number) => string;
  /** Pixels. */
  readonly height: number;
  readonly bars: boolean;
};

/**
 * Draws a chart into an element, as wide as that is, in the colours of the page.
 *
 * @returns What removes it.
 */
export function drawChart(element: HTMLElement, options: DrawOptions): () => void {
  const make = () => newChart(element, options);
  const { height } = options;
  let chart = make();
  const resized = new ResizeObserver(() =>
    chart.setSize({ width: Math.max(element.clientWidth, 200), height }),
  );
  resized.observe(element);
  const scheme = matchMedia('(prefers-color-scheme: dark)');
  const again = () => {
    chart.destroy();
    chart = make();
  };
  scheme.addEventListener('change', again);
  const themed = new MutationObserver(again);
  themed.observe(document.documentElement, { attributeFilter: ['data-theme'] });
  return () => {
    scheme.removeEventListener('change', again);
    themed.disconnect();
    resized.disconnect();
    chart.destroy();
  };
}

function newChart(element: HTMLElement, { data, format, height, bars }: DrawOptions): UPlot {
  const colour = (name: string) => colourOf(element, name);
  const axis = { stroke: colour('--text-soft'), grid: { stroke: colour('--line'), width: 1 } };
  const paths = bars ? UPlot.paths.bars?.({ size: [0.7, 40] }) : undefined;
  return new UPlot(
    {
      width: Math.max(element.clientWidth, 200),
      height,
      cursor: { points: { show: !bars } },
      tzDate: (seconds) => UPlot.tzDate(new Date(seconds * 1000), 'Etc/UTC'),
      axes: [
        { ...axis, values: (_chart, seconds) => seconds.map(dayName) },
        { ...axis, size: 64, values: (_chart, values) => values.map(format) },
      ],
      scales: {
        x: { range: (_chart, from, to) => [from - halfDaySeconds, to + halfDaySeconds] },
        y: { range: (_chart, _min, max) => [0, max > 0 ? max * 1.1 : 1] },
      },
      series: [
        {
          label: text.common.day,
          value: (_chart, seconds) => (seconds === null ? '–' : dayName(seconds)),
        },
        ...data.series.map(({ name }, index) => {
          const stroke = colour(`--series-${(index % 6) + 1}`);
          return {
            label: name,
            stroke,
            // A border would draw a bar where there is nothing.
            width: bars ? 0 : 2,
            value: (_chart: UPlot, value: number | null) => (value === null ? '–' : format(value)),
            points: { show: !bars && data.times.length === 1 },
            ...(bars ? { fill: stroke } : {}),
            ...(paths ? { paths } : {}),
          };
        }),
      ],
    },
    [[...data.times], ...data.series.map(({ values }) => [...values])],
    element,
  );
}

function dayName(seconds: number): string {
  // Where there are few days the axis has marks between them.
  return seconds % 86_400 === 0 ? dayFormat.format(seconds * 1000) : '';
}

/** A canvas knows no variables, so they are read through a colour of the element. */
function colourOf(element: HTMLElement, name: string): string {
  const before = element.style.color;
  element.style.color = `var(${name})`;
  const { color } = getComputedStyle(element);
  element.style.color = before;
  return color;
}
