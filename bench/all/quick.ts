import { type Contestant, type Shape, visit } from '../contest.ts';
import { startPair } from '../contestants.ts';
import { load } from '../load.ts';
import { quantile } from '../quantile.ts';
import { pythonWithSdk } from '../runs/python-with-sdk.ts';
import { tableText } from './markdown.ts';
import { cellOf, readResult } from './result.ts';

/** More than noise on a machine that other work keeps busy. */
const mostTimesCommitted = 1.5;

/** For both languages together; a machine that is slower gets fewer rounds, and is warmed with fewer runs. */
const mostSeconds = 100;
/** Of one kind of run, of one of the servers. */
const mostSecondsToWarm = 8;

type Language = {
  readonly name: string;
  /** Whose committed ratios it is compared with. */
  readonly bench: string;
  readonly python?: string;
  /** Runs before anything is measured, and in a visit: whole, then streamed. */
  readonly warm: readonly [number, number];
  readonly counts: readonly [number, number];
  /** Of all seconds, at which it has ended. */
  readonly share: number;
};

const rounds = 4;
const kinds = [
  { stream: false, table: 'whole, concurrency 16' },
  { stream: true, table: 'streamed (50 deltas), concurrency 16' },
] as const;

/**
 * Measures CPU of a run of Dropgate against the bare servers, 16 at a time, and compares with the committed ratios.
 *
 * @returns The table with what it says, and a line for each ratio that is much worse.
 */
export async function measureQuickly(): Promise<{
  readonly text: string;
  readonly worse: readonly string[];
}> {
  const beganMs = Date.now();
  const rows: string[][] = [];
  const worse: string[] = [];
  for (const language of languages()) {
    const endsAtMs = beganMs + language.share * mostSeconds * 1000;
    for (const { title, ratio, committed } of await measure(language, endsAtMs)) {
      const before = committed === null ? '–' : committed.toFixed(2);
      rows.push([title, ratio.toFixed(2), before]);
      if (committed === null || ratio <= committed * mostTimesCommitted) continue;
      worse.push(
        `✗ ${title}: ${ratio.toFixed(2)} times the CPU of the bare server; committed are ${before}.`,
      );
    }
  }
  const columns = ['CPU of a run, 16 at a time', 'to the bare server’s', 'committed'];
  const verdict = worse.length > 0 ? worse : ['No ratio is more than 1.5 times the committed one.'];
  return { text: `${tableText({ columns, rows })}\n\n${verdict.join('\n')}`, worse };
}

function languages(): Language[] {
  const python = pythonWithSdk();
  const typescript: Language = {
    name: 'TypeScript',
    bench: 'runs',
    warm: [1500, 800],
    counts: [300, 250],
    share: python ? 0.45 : 1,
  };
  if (!python) return [typescript];
  const warm = [250, 120] as const;
  const counts = [80, 48] as const;
  return [typescript, { name: 'Python', bench: 'runs-python', python, warm, counts, share: 1 }];
}

type Compared = {
  readonly title: string;
  readonly ratio: number;
  readonly committed: number | null;
};

async function measure(language: Language, endsAtMs: number): Promise<Compared[]> {
  const { name, bench, python, warm, counts } = language;
  const { contestants, close } = await startPair({ deltas: 50, ...(python ? { python } : {}) });
  try {
    for (const { target } of contestants) {
      for (const [at, { stream }] of kinds.entries()) {
        await load(target, {
          stream,
          concurrency: 8,
          count: warm[at] ?? 0,
          mostSeconds: mostSecondsToWarm,
        });
      }
    }
    const ratios = kinds.map((): number[] => []);
    for (let round = 0; round < rounds; round += 1) {
      // One round is the least that says anything.
      if (round > 0 && Date.now() > endsAtMs) break;
      for (const [at, { stream }] of kinds.entries()) {
        const shape = { stream, concurrency: 16, count: counts[at] ?? 0 };
        ratios[at]?.push(await ratioOf(contestants, shape, round));
      }
    }
    const result = readResult(bench);
    return kinds.map(({ stream, table }, at) => ({
      title: `${name}, ${stream ? 'streamed' : 'whole'}`,
      ratio: quantile(ratios[at] ?? [], 0.5),
      committed: result
        ? Number(cellOf(result, { table, row: 'CPU ms per run', column: 'ratio' }))
        : null,
    }));
  } finally {
    await close();
  }
}

async function ratioOf(
  [bare, gateway]: readonly [Contestant, Contestant],
  shape: Shape,
  round: number,
): Promise<number> {
  const isBareFirst = round % 2 === 0;
  const first = await visit(isBareFirst ? bare : gateway, shape);
  const second = await visit(isBareFirst ? gateway : bare, shape);
  const [of, beside] = isBareFirst ? [first, second] : [second, first];
  return beside.cpuMsPerRun / of.cpuMsPerRun;
}
