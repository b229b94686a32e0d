/** A part of the time of a run, in milliseconds after its start. */
export type TimeWindow = { readonly fromMs: number; readonly toMs: number };

/** No part is shorter: journals tell microseconds. */
const shortestMs = 0.01;

/** The part that is `factor` times as long around a time that stays where it is, within the whole. */
export function zoomed(
  { fromMs, toMs }: TimeWindow,
  { factor, aroundMs, totalMs }: { factor: number; aroundMs: number; totalMs: number },
): TimeWindow {
  const around = Math.min(Math.max(aroundMs, fromMs), toMs);
  const share = (around - fromMs) / (toMs - fromMs);
  const length = Math.max((toMs - fromMs) * factor, Math.min(shortestMs, totalMs));
  return within({ fromMs: around - share * length, toMs: around + (1 - share) * length }, totalMs);
}

/** The same length moved so that a time is seen; as it was where that is so already. */
export function showing(window: TimeWindow, atMs: number, totalMs: number): TimeWindow {
  const { fromMs, toMs } = window;
  if (atMs >= fromMs && atMs <= toMs) return window;
  const length = toMs - fromMs;
  return within({ fromMs: atMs - length * 0.1, toMs: atMs + length * 0.9 }, totalMs);
}

/** A part between two times, in whichever order they are. */
export function between(oneMs: number, otherMs: number, totalMs: number): TimeWindow {
  const fromMs = Math.min(oneMs, otherMs);
  const toMs = Math.max(oneMs, otherMs, fromMs + shortestMs);
  return within({ fromMs, toMs }, totalMs);
}

/** Round times within a part, about so many. */
export function ticksOf({ fromMs, toMs }: TimeWindow, wanted: number): readonly number[] {
  const rough = (toMs - fromMs) / wanted;
  const size = 10 ** Math.floor(Math.log10(rough));
  const step = size * ([1, 2, 5, 10].find((each) => each * size >= rough) ?? 10);
  const first = Math.ceil(fromMs / step);
  const last = Math.floor(toMs / step);
  return Array.from({ length: Math.max(0, last - first + 1) }, (_, index) =>
    Number(((first + index) * step).toPrecision(12)),
  );
}

function within({ fromMs, toMs }: TimeWindow, totalMs: number): TimeWindow {
  const length = Math.min(toMs - fromMs, totalMs);
  const from = Math.min(Math.max(fromMs, 0), totalMs - length);
  return { fromMs: from, toMs: from + length };
}
