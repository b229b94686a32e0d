import { statfs } from 'node:fs/promises';
import { isUsable } from '../../policy/keys/known-keys.ts';
import type { StatusCheck } from '../../protocol/admin/status-answer.ts';
import { pageSize } from '../../protocol/pages.ts';
import { breakerStatesOf } from '../../upstreams/health/breaker-states.ts';
import type { Parts } from '../agent-processes.ts';
import type { Domain } from '../domain.ts';

/** Below this a store and its journal soon have no room left. */
const LOW_DISK_MB = 512;

/** A key that ends sooner is told of. */
const ENDS_SOON_SECONDS = 7 * 86_400;

/** What a running gateway can tell of itself without asking anybody outside. */
export async function statusChecks(parts: Parts, domain: Domain): Promise<StatusCheck[]> {
  return [
    settingsCheck(parts),
    storeCheck(parts),
    await diskCheck(parts),
    agentsCheck(domain),
    ...upstreamChecks(parts, domain),
    isolationCheck(parts),
    keysCheck(parts),
  ];
}

function settingsCheck({ observers, live }: Parts): StatusCheck {
  const { errors } = observers.diagnostics.query({ limit: pageSize.most });
  const wrong = errors.filter(({ module_path }) => module_path === live.path);
  const [first] = wrong;
  if (!first) return ok('settings', `${live.path} is as it should be`);
  const more = wrong.length > 1 ? ` And ${wrong.length - 1} more.` : '';
  return {
    name: 'settings',
    state: wrong.some(({ severity }) => severity === 'error') ? 'fail' : 'warn',
    found: `${first.message}${more}`,
    fix: first.hint ?? `Correct ${live.path}; it is read again by itself.`,
  };
}

function storeCheck({ followStore }: Parts): StatusCheck {
  const awayMs = followStore.awayForMs();
  if (awayMs === 0) return ok('store', 'it answers');
  return {
    name: 'store',
    state: 'fail',
    found: `It has not answered for ${Math.ceil(awayMs / 1000)} s.`,
    fix: 'Look at the log for the cause. Known keys serve on for security.store_grace_ms.',
  };
}

async function diskCheck({ stateFolder }: Parts): Promise<StatusCheck> {
  const { bavail, bsize } = await statfs(stateFolder);
  const freeMb = Math.floor((bavail * bsize) / 2 ** 20);
  if (freeMb >= LOW_DISK_MB) return ok('disk', `${freeMb} MiB are free at ${stateFolder}`);
  return {
    name: 'disk',
    state: 'warn',
    found: `Only ${freeMb} MiB are free at ${stateFolder}.`,
    fix: 'Make room, or lower runs.keep_mb and state.keep_mb.',
  };
}

function agentsCheck({ agents }: Domain): StatusCheck {
  const all = agents();
  const named = (status: string) =>
    all.filter((each) => each.status === status).map(({ id }) => id);
  const [failed, degraded] = [named('failed'), named('degraded')];
  const bad = [...failed, ...degraded];
  if (bad.length === 0) return ok('agents', `${all.length} found, and none is in trouble`);
  return {
    name: 'agents',
    state: failed.length > 0 ? 'fail' : 'warn',
    found:
      failed.length > 0
        ? `Not served: ${few(failed)}.`
        : `Served in an older version, or by a process that keeps dying: ${few(degraded)}.`,
    fix: `dropgate agents errors --agent ${bad[0]}`,
  };
}

function upstreamChecks({ upstreams, health }: Parts, { upstreamUsers }: Domain): StatusCheck[] {
  const users = upstreamUsers();
  const catalog = upstreams.current();
  return breakerStatesOf(catalog, health).flatMap(({ name, state }): StatusCheck[] => {
    const isUsed = name === catalog.defaultUpstream || (users.get(name)?.length ?? 0) > 0;
    if (!isUsed) return [];
    if (state === 'closed') return [ok(`upstream ${name}`, 'calls go to it')];
    return [
      {
        name: `upstream ${name}`,
        state: 'warn',
        found: 'Calls failed there time after time, so it is left alone for a while.',
        fix: 'dropgate upstreams list says why, and when it is tried again.',
      },
    ];
  });
}

function isolationCheck({ config }: Parts): StatusCheck {
  const { sandbox, uid } = config.worker;
  const name = 'isolation';
  if (sandbox !== 'none') return ok(name, `Workers run in a sandbox (${sandbox}).`);
  if (uid !== undefined) return ok(name, `Workers run as user ${uid}.`);
  const isRoot = process.getuid?.() === 0;
  return {
    name,
    state: 'warn',
    found: isRoot ? 'Workers run as root.' : 'Workers run as this user.',
    fix: 'Where you do not trust the agents, set worker.sandbox: bubblewrap, or worker.uid.',
  };
}

function keysCheck({ known, nowSeconds }: Parts): StatusCheck {
  const now = nowSeconds();
  const usable = known.all().filter((key) => isUsable(key, now));
  const replaced = new Set(known.all().map(({ rotatedFrom }) => rotatedFrom));
  const ending = usable.filter(
    ({ id, expiresAtSeconds: end }) =>
      end !== null && end - now < ENDS_SOON_SECONDS && !replaced.has(id),
  );
  if (ending.length === 0) return ok('keys', `${usable.length} can be used`);
  return {
    name: 'keys',
    state: 'warn',
    found: `These end within a week: ${few(ending.map(({ name }) => name))}.`,
    fix: 'dropgate keys rotate makes one in place of another.',
  };
}

const SHOWN = 5;

function few(names: readonly string[]): string {
  const more = names.length > SHOWN ? ` and ${names.length - SHOWN} more` : '';
  return names.slice(0, SHOWN).join(', ') + more;
}

function ok(name: string, found: string): StatusCheck {
  return { name, state: 'ok', found, fix: null };
}
