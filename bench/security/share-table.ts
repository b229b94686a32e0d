import { load } from '../load.ts';
import { treeCpuMs } from '../processes.ts';
import { quantile } from '../quantile.ts';
import { type Attribution, attribute } from './attribute-profile.ts';
import { sharesOf } from './parts.ts';
import { cpuMicros, profileOf } from './profiled-process.ts';
import type { SecuredGateway } from './secured-gateway.ts';

export type ShareOptions = {
  readonly stream: boolean;
  readonly count: number;
  readonly rounds: number;
  /** Whether the key has limits. */
  readonly key: 'free' | 'limited';
  /** Called with the samples of all rounds. */
  readonly inspect: (samples: Attribution) => void;
};

type Cost = { readonly gatewayMicros: number; readonly treeMicros: number };

/**
 * What the parts of security take of a run at concurrency 16, as Markdown. CPU is measured without a profile, shares with
 * one, in turn.
 */
export async function shareTable(gateway: SecuredGateway, options: ShareOptions): Promise<string> {
  const { stream, count, rounds } = options;
  const target = gateway[options.key];
  const run = () => load(target, { stream, count, concurrency: 16 });
  const costs: Cost[] = [];
  const samples = new Map<string, number>();
  for (let round = 0; round < rounds; round += 1) {
    costs.push(await costOf(gateway, count, run));
    for (const [owner, hits] of attribute(await profileOf(gateway.server, run))) {
      samples.set(owner, (samples.get(owner) ?? 0) + hits);
    }
  }
  options.inspect(samples);
  return table(options, costs, samples);
}

/** CPU of one run, by the gateway and with all that is below it. */
export async function costOf(
  { server }: SecuredGateway,
  count: number,
  run: () => Promise<unknown>,
): Promise<Cost> {
  const before = { gateway: await cpuMicros(server), treeMs: treeCpuMs(server.pid) };
  await run();
  const gatewayMicros = ((await cpuMicros(server)) - before.gateway) / count;
  return { gatewayMicros, treeMicros: ((treeCpuMs(server.pid) - before.treeMs) * 1000) / count };
}

function table(
  { stream, key }: ShareOptions,
  costs: readonly Cost[],
  samples: Attribution,
): string {
  const micros = (pick: (cost: Cost) => number) => quantile(costs.map(pick), 0.5);
  const ofGateway = micros(({ gatewayMicros }) => gatewayMicros);
  const ofTree = micros(({ treeMicros }) => treeMicros);
  const row = (name: string, share: number) =>
    `| ${name} | ${(share * ofGateway).toFixed(0)} | ${percent(share)} | ${percent((share * ofGateway) / ofTree)} |`;
  const shares = [...sharesOf(samples)];
  const together = shares.reduce((sum, [, share]) => sum + share, 0);
  const what = `${stream ? 'streamed' : 'whole'}, key ${key === 'free' ? 'without' : 'with'} limits`;
  return [
    `| ${what} | µs per run | of the gateway's CPU | of the run's |`,
    '| --- | --- | --- | --- |',
    ...shares.map(([name, share]) => row(name, share)),
    row('together', together),
    row('the whole gateway', 1),
    `| gateway and worker | ${ofTree.toFixed(0)} | | 100.0 % |`,
  ].join('\n');
}

function percent(share: number): string {
  return `${(share * 100).toFixed(1)} %`;
}
