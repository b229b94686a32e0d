import { Client } from 'pg';
import type { StoryStore } from './approvals-story.ts';
import { until } from './until.ts';

/** Step → the lock that is asked for at it. */
const locks = { keep: 1, begin: 2 } as const;

/** Who comes to a step shares its lock, so that nobody waits but for whoever has it alone. */
const triggers = `
create function story_step() returns trigger language plpgsql as $$
begin
  perform pg_advisory_xact_lock_shared(tg_argv[0]::int);
  return new;
end $$;
create trigger story_keep before insert on waiting_runs
  for each row execute function story_step(${locks.keep});
create trigger story_begin before update on waiting_runs
  for each row when (old.resumed_by is null and new.resumed_by is not null) execute function story_step(${locks.begin});
`;

const waiting = `
select pid from pg_locks
where locktype = 'advisory' and not granted and objid = $1
  and database = (select oid from pg_database where datname = current_database())
`;

const over = `
select 1 from waiting_runs join waiting_calls using (run_id)
where waiting_runs.status = 'over' and position($1 in call) > 0
`;

/** The Postgres database of gateways, as whoever can hold it still; after they made their tables. */
export async function connectStoryStore(
  url: string,
): Promise<StoryStore & { readonly end: () => Promise<void> }> {
  const client = new Client(url);
  await client.connect();
  await client.query(triggers);
  return {
    async hold(step) {
      await client.query('select pg_advisory_lock($1)', [locks[step]]);
      const pids = async () => {
        const { rows } = await client.query<{ pid: number }>(waiting, [locks[step]]);
        return rows.map(({ pid }) => pid);
      };
      return {
        held: () => until(`somebody at ${step}`, async () => (await pids()).length > 0),
        async drop() {
          for (const pid of await pids())
            await client.query('select pg_terminate_backend($1)', [pid]);
          await until(`nobody at ${step}`, async () => (await pids()).length === 0);
          await client.query('select pg_advisory_unlock($1)', [locks[step]]);
        },
      };
    },
    async lapse() {
      await client.query("update waiting_runs set claimed_until_ms = 1 where status = 'resumed'");
    },
    untilOver: (thing) =>
      until('the end of the run', async () => {
        const { rows } = await client.query(over, [thing]);
        return rows.length > 0;
      }),
    end: () => client.end(),
  };
}
