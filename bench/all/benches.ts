/** A command of a bench, from the root of the workspace. */
export type Command = {
  readonly script: string;
  readonly args?: readonly string[];
  /** Environment, where the caller's own says nothing else. */
  readonly settings?: Readonly<Record<string, string>>;
};

/** What is measured by one name, with one result file and one place in `bench/README.md`. */
export type Bench = {
  readonly name: string;
  readonly measures: string;
  /** One after another; all that they print as tables is the result. */
  readonly commands: readonly Command[];
  /** About how long it takes on a quiet machine with two cores. */
  readonly minutes: number;
  /** It only runs where it is named: it takes long, or needs what not every machine has. */
  readonly isNamed?: true;
  /** What it prints is not kept as tables here: it writes its own result, or none. */
  readonly hasOwnForm?: true;
};

/** In the order in which they run. */
export const benches: readonly Bench[] = [
  {
    name: 'runs',
    measures: 'agents in TypeScript against a bare server: whole, streamed, 1, 16 and 64 at a time',
    commands: [{ script: 'bench/run.ts', settings: { ROUNDS: '5' } }],
    minutes: 3.5,
  },
  {
    name: 'runs-python',
    measures: 'the same of agents in Python',
    commands: [{ script: 'bench/run.ts', args: ['python'], settings: { ROUNDS: '5' } }],
    minutes: 4.5,
  },
  {
    name: 'arrivals',
    measures: 'requests that arrive at a fixed rate, from the time at which each was to arrive',
    commands: [
      { script: 'bench/open.ts', args: ['arrivals'], settings: { ROUNDS: '5', SECONDS: '6' } },
    ],
    minutes: 1.2,
  },
  {
    name: 'streams',
    measures: 'how many streams of 5 words a second are served in time',
    commands: [
      { script: 'bench/open.ts', args: ['streams'], settings: { STREAMS: '500,900,1300' } },
    ],
    minutes: 3,
  },
  {
    name: 'quiet',
    measures: '5,000 open streams that say nothing for a minute',
    commands: [{ script: 'bench/open.ts', args: ['quiet'], settings: { QUIET: '5000' } }],
    minutes: 1.8,
  },
  {
    name: 'mixed',
    measures: '50 agents under mixed load, with room for 12 workers',
    commands: [{ script: 'bench/many/mixed-load.ts', settings: { SECONDS: '40' } }],
    minutes: 1,
  },
  {
    name: 'starts',
    measures: 'starts with 1,000 agents that an earlier gateway loaded',
    commands: [{ script: 'bench/reload.ts', args: ['unchanged'], settings: { AGENTS: '1000' } }],
    minutes: 0.4,
  },
  {
    name: 'saves',
    measures: 'a save until its version answers',
    commands: [{ script: 'bench/reload.ts', args: ['saves'], settings: { EDITS: '50' } }],
    minutes: 0.8,
  },
  {
    name: 'journal',
    measures: 'the journal off, with steps, with contents',
    commands: [{ script: 'bench/kept/compare-journals.ts', settings: { ROUNDS: '5' } }],
    minutes: 1,
  },
  {
    name: 'stores',
    measures: 'SQLite and Postgres as the store',
    commands: [{ script: 'bench/kept/compare-stores.ts', settings: { ROUNDS: '5' } }],
    minutes: 1.2,
  },
  {
    name: 'formats',
    measures: 'chat completions, Responses, and Responses that are kept',
    commands: [
      {
        script: 'bench/formats/compare-formats.ts',
        settings: { ROUNDS: '5', COUNT: '400' },
      },
    ],
    minutes: 0.7,
  },
  {
    name: 'tools',
    measures: 'calls of gateway tools and native ones, and the reading of hosted tools',
    commands: [{ script: 'bench/tools.ts' }],
    minutes: 0.5,
  },
  {
    name: 'decisions',
    measures: 'one decision of policy, by number and kind of rules',
    commands: [{ script: 'bench/decide.ts' }],
    minutes: 0.3,
  },
  {
    name: 'callers',
    measures: 'knowing a caller by a key or a token',
    commands: [{ script: 'bench/security/callers.ts' }],
    minutes: 0.2,
  },
  {
    name: 'users',
    measures: 'a request that is for an end user',
    commands: [{ script: 'bench/security/users.ts', settings: { CALLS: '50000' } }],
    minutes: 0.1,
  },
  {
    name: 'bounds',
    measures:
      'what bounds a run: the least that a process of its own costs, and which parts take what',
    commands: [{ script: 'bench/bounds/measure-bounds.ts', settings: { ROUNDS: '5' } }],
    minutes: 5,
    isNamed: true,
  },
  {
    name: 'python',
    measures: 'starts and saves of agents in Python',
    commands: [{ script: 'bench/python.ts', settings: { STARTS: '5', EDITS: '50' } }],
    minutes: 1,
    isNamed: true,
  },
  {
    name: 'memory',
    measures: 'private memory of gateway, worker and spare',
    commands: [{ script: 'bench/many/memory.ts' }],
    minutes: 2.5,
    isNamed: true,
  },
  {
    name: 'watching',
    measures: 'traces against none, starts with both, and a scrape of metrics',
    commands: [{ script: 'bench/observe.ts', settings: { ROUNDS: '5' } }],
    minutes: 1.5,
    isNamed: true,
  },
  {
    name: 'approvals',
    measures: 'a run that waits for a person',
    commands: [
      { script: 'bench/formats/compare-approvals.ts', settings: { ROUNDS: '7', COUNT: '300' } },
    ],
    minutes: 1.5,
    isNamed: true,
  },
  {
    name: 'client-tools',
    measures: 'runs with tools of the caller',
    commands: [
      { script: 'bench/formats/compare-client-tools.ts', settings: { ROUNDS: '5', COUNT: '200' } },
    ],
    minutes: 1,
    isNamed: true,
  },
  {
    name: 'shares',
    measures: 'what authentication, decisions and logging take of a run, by profile',
    commands: [{ script: 'bench/security.ts', args: ['shares'], settings: { ROUNDS: '3' } }],
    minutes: 1.5,
    isNamed: true,
  },
  {
    name: 'rules',
    measures: 'CPU of a run by number of rules and kind of key',
    commands: [{ script: 'bench/security.ts', args: ['rules'], settings: { ROUNDS: '5' } }],
    minutes: 1.5,
    isNamed: true,
  },
  {
    name: 'sandbox',
    measures: 'how much longer a start takes in a sandbox',
    commands: [{ script: 'bench/security.ts', args: ['sandbox'], settings: { PAIRS: '40' } }],
    minutes: 1,
    isNamed: true,
  },
  {
    name: 'edits',
    measures: 'saves beside callers who ask without pause',
    commands: [{ script: 'bench/reload.ts', args: ['asked'], settings: { EDITS: '25' } }],
    minutes: 1,
    isNamed: true,
  },
  {
    name: 'first-starts',
    measures: 'a start with 100 agents that were never loaded',
    commands: [{ script: 'bench/reload.ts', args: ['new'], settings: { NEW_AGENTS: '100' } }],
    minutes: 1,
    isNamed: true,
  },
  {
    name: 'broken',
    measures: 'broken agents beside others',
    commands: [{ script: 'bench/reload.ts', args: ['broken'] }],
    minutes: 2,
    isNamed: true,
  },
  {
    name: 'storm',
    measures: '1,000 reloads under load',
    commands: [{ script: 'bench/reload.ts', args: ['storm'], settings: { RELOADS: '1000' } }],
    minutes: 20,
    isNamed: true,
  },
  {
    name: 'rolling',
    measures: 'two gateways restarted one after the other, behind a balancer',
    commands: [{ script: 'bench/rolling.ts', settings: { ROUNDS: '3' } }],
    minutes: 1.5,
    isNamed: true,
  },
  {
    name: 'console',
    measures: 'the console in a browser',
    commands: [
      { script: 'bench/console/measure-console.ts' },
      { script: 'bench/console/scroll-runs.ts' },
    ],
    minutes: 4,
    isNamed: true,
  },
  {
    name: 'peers',
    measures:
      'Dropgate beside other servers of agents, which `node bench/peers/install.ts` installs',
    commands: [{ script: 'bench/peers.ts', settings: { ROUNDS: '5' } }],
    minutes: 20,
    isNamed: true,
    hasOwnForm: true,
  },
  {
    name: 'attacks',
    measures: 'attempts to break what the page on security promises',
    commands: [{ script: 'bench/attacks.ts' }],
    minutes: 10,
    isNamed: true,
    hasOwnForm: true,
  },
];

/**
 * The benches of these names, in this order.
 *
 * @throws Error that lists all where there is no such bench.
 */
export function benchesOf(names: readonly string[]): Bench[] {
  return names.map((name) => {
    const found = benches.find((bench) => bench.name === name);
    if (found) return found;
    const all = benches.map((bench) => bench.name).join(', ');
    throw new Error(`There is no bench ${name}; there are ${all}.`);
  });
}
