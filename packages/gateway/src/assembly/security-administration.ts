import { GatewayError } from '../errors.ts';
import type { SecurityDeps } from '../http/security-deps.ts';
import { principalOf } from '../policy/authorize.ts';
import { isUsable } from '../policy/keys/known-keys.ts';
import { noLimits } from '../policy/limits/key-limits.ts';
import { createOverrides } from '../policy/overrides.ts';
import { createAccessMatrix } from '../policy/review/access-matrix.ts';
import { auditReport } from '../policy/review/audit.ts';
import type { KnownAgent } from '../policy/review/known-agent.ts';
import { createPreview, type PreviewDeps } from '../policy/review/preview.ts';
import { createReadDecisions } from '../policy/review/read-decisions.ts';
import { unknownScopes } from '../policy/review/unmatched-names.ts';
import { createWorkLine } from '../policy/review/work-line.ts';
import { overrideRule } from '../policy/rules/override-rule.ts';
import { createScopeView } from '../policy/rules/scopes.ts';
import { assumedHolder } from '../policy/tokens/assumed-holder.ts';
import type { Actor, Caller } from '../protocol/policy.ts';
import { shareNext } from '../system/share-next.ts';
import { endOf } from '../upstreams/models/retirements.ts';
import type { Parts } from './agent-processes.ts';

/** Previews that may wait for their turn, of a key and of all. */
const previewLimits = { what: 'previews', ofKey: 4, ofAll: 32 };

/** The same of pages of the decision log: a file is read without giving way, and a rare decision takes many steps. */
const readLimits = { what: 'pages of decisions', ofKey: 8, ofAll: 64 };

/** The same of what is written: SQLite waits for the disk, and nothing else of the gateway goes on meanwhile. */
const changeLimits = { what: 'changes of keys and overrides', ofKey: 32, ofAll: 128 };

/** Decisions are written in batches: whoever asks what was just decided is told. */
function keptDecisions({ store, observers }: Parts): Parts['store']['decisions']['list'] {
  return async (wanted) => {
    await observers.decisionLog.flush();
    return store.decisions.list(wanted);
  };
}

/** What the routes for security do, joined of the parts that know how. */
export function createSecurityAdministration(
  parts: Parts,
  knownAgents: () => readonly KnownAgent[],
): SecurityDeps {
  const { store, policy, known, followStore, manageKeys, nowSeconds } = parts;
  const overrides = createOverrides({
    store: store.overrides,
    keys: known.all,
    changed: policy.reload,
    nowSeconds,
  });
  const readDecisions = createReadDecisions(keptDecisions(parts));
  const readInTurn = createWorkLine(readLimits);
  // Ending a key or an override never waits for those who make others.
  const changeInTurn = createWorkLine(changeLimits);
  // What is in memory may be old while the store is away: nobody is to decide anything by it.
  const needStore = () => {
    if (followStore.awayForMs() > 0) throw storeAway();
  };
  const reviews = createReviews(previewDeps(parts, knownAgents), needStore);
  return {
    whoami: whoamiOf(parts),
    rules(viewer) {
      needStore();
      return policy.current().rules.filter(createScopeView(viewer).showsRule);
    },
    refresh: shareNext(() => refresh(parts)),
    ...reviews,
    audit: auditOf(parts, knownAgents, needStore),
    overrides: {
      create: (maker, wanted) =>
        changeInTurn(maker.keyId, () => overrides.create(actorOf(maker), wanted)),
      async list(viewer, filter) {
        const { showsRule } = createScopeView(viewer);
        return (await overrides.list(filter)).filter((each) => showsRule(overrideRule(each)));
      },
      revoke: (maker, id) => overrides.revoke(actorOf(maker), id),
    },
    decisions: (viewer, query) => readInTurn(viewer.keyId, () => readDecisions(viewer, query)),
    keys: {
      list: (viewer) => manageKeys.list(actorOf(viewer)),
      create: (maker, wanted) =>
        changeInTurn(maker.keyId, () => manageKeys.create(actorOf(maker), wanted)),
      rotate: (maker, id, options) =>
        changeInTurn(maker.keyId, () => manageKeys.rotate(actorOf(maker), id, options)),
      setLimits: (maker, id, changes) =>
        changeInTurn(maker.keyId, () => manageKeys.setLimits(actorOf(maker), id, changes)),
      revoke: (maker, id) => manageKeys.revoke(actorOf(maker), id),
    },
    unknownScopes: (scopes) =>
      unknownScopes(
        scopes,
        knownAgents().map(({ id }) => id),
      ),
    nowSeconds,
  };
}

/** What rules would answer; all of it waits in one line. */
function createReviews(
  deps: PreviewDeps,
  needStore: () => void,
): Pick<SecurityDeps, 'preview' | 'matrix'> {
  const preview = createPreview(deps);
  const matrix = createAccessMatrix(deps);
  const inTurn = createWorkLine(previewLimits);
  return {
    async preview(viewer, readRequest, signal) {
      needStore();
      const ask = () => preview(principalOf(viewer), readRequest(), signal);
      return inTurn(viewer.keyId, ask, signal);
    },
    async matrix(viewer, readRequest, signal) {
      needStore();
      const ask = () => matrix(principalOf(viewer), readRequest(), signal);
      return inTurn(viewer.keyId, ask, signal);
    },
  };
}

/** What `dropgate audit` finds, of what holds in this gateway now. */
function auditOf(
  { policy, known, store, retirementWarnings, nowSeconds }: Parts,
  agents: () => readonly KnownAgent[],
  needStore: () => void,
): SecurityDeps['audit'] {
  return shareNext(async () => {
    needStore();
    const now = nowSeconds();
    const [overrides, retirements] = await Promise.all([
      store.overrides.list({ activeAtSeconds: Math.floor(now) }),
      retirementWarnings.find(),
    ]);
    return auditReport({
      rules: policy.current(),
      keys: known.all(),
      agents: agents(),
      overrides,
      nowSeconds: now,
      retirements: retirements.map((each) => ({ ...each, end: endOf(each) })),
    });
  });
}

function whoamiOf({ known, limitsOf }: Parts): SecurityDeps['whoami'] {
  return (caller) => {
    const { requestId: _, traceparent: __, ...holder } = caller;
    const end = caller.token?.expiresAtSeconds ?? known.find(caller.keyId)?.expiresAtSeconds;
    const { limits } = limitsOf(caller.keyId) ?? { limits: noLimits };
    return { holder, limits, expiresAtSeconds: end ?? null };
  };
}

function previewDeps(
  { policy, known, tokens, live, nowSeconds }: Parts,
  agents: () => readonly KnownAgent[],
): PreviewDeps {
  return {
    rules: policy.current,
    tokenHolder(principal) {
      const seen = tokens.find(principal);
      return seen ? principalOf(seen.holder) : assumedHolder(principal, live.current().issuers);
    },
    keys: () => known.all().filter((key) => isUsable(key, nowSeconds())),
    agents,
    nowSeconds,
  };
}

async function refresh({ store, policy, tokens, reloadSettings }: Parts) {
  const findings = await reloadSettings();
  const isWrong = findings.some(({ severity }) => severity === 'error');
  // Another gateway reads its own file; wrong rules here are no reason to.
  if (!isWrong) await store.announceRules();
  await policy.reload();
  // Who asks may know of a key of a provider that leaked.
  await tokens.untilRead();
  const { rules } = policy.current();
  const overrides = rules.filter(({ source }) => source === 'override').length;
  return { rules: rules.length, overrides, findings };
}

function actorOf(caller: Caller): Actor {
  return { id: caller.keyId, principal: principalOf(caller) };
}

function storeAway(): GatewayError {
  return new GatewayError(
    'store_unavailable',
    'The store of the gateway cannot be used now, so what is known of its rules may be old. The log has the cause; try again later.',
  );
}
