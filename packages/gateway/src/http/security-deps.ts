import type { ManageKeys } from '../policy/keys/manage-keys.ts';
import type { Finding } from '../protocol/diagnostics.ts';
import type { Actor, Caller, OverrideRecord, Rule } from '../protocol/policy.ts';
import type { AuditReport } from '../protocol/security/audit.ts';
import type { DecisionPage, DecisionQuery } from '../protocol/security/decision-query.ts';
import type { Matrix, MatrixRequest } from '../protocol/security/matrix.ts';
import type { NewOverride, Preview, PreviewRequest } from '../protocol/security/preview-types.ts';
import type { Whoami } from '../protocol/security/whoami.ts';

/**
 * What the routes for security read and do, each for the caller who asks and no further than its scopes reach. All
 * throw `GatewayError`, `store_unavailable` where the store is away.
 */
export type SecurityDeps = {
  /** Who asks, and what holds for it; throws nothing. */
  readonly whoami: (caller: Caller) => Whoami;
  /** In the order they are heard. */
  readonly rules: (viewer: Caller) => readonly Rule[];
  /** Reads the settings and the overrides again; wrong settings leave the rules as they were. */
  readonly refresh: () => Promise<SecurityRefresh>;
  /**
   * Answers a question without recording or changing anything; `signal` ends it, with its reason. The question is read
   * when its turn has come, and not at all where it gets none.
   */
  readonly preview: (
    viewer: Caller,
    readRequest: () => PreviewRequest,
    signal: AbortSignal,
  ) => Promise<Preview>;
  /** Looks for gaps; whoever asks meanwhile gets the next look. */
  readonly audit: () => Promise<AuditReport>;
  /** The same question of many keys, likewise. */
  readonly matrix: (
    viewer: Caller,
    readRequest: () => MatrixRequest,
    signal: AbortSignal,
  ) => Promise<Matrix>;
  readonly overrides: OverrideAdministration;
  readonly decisions: (viewer: Caller, query: DecisionQuery) => Promise<DecisionPage>;
  readonly keys: ForCaller<ManageKeys>;
  /** What scopes name and is not there, as sentences. */
  readonly unknownScopes: (scopes: Parameters<ManageKeys['create']>[1]) => readonly string[];
  /** Unix seconds. */
  readonly nowSeconds: () => number;
};

/** The same functions, asked by a caller in place of an actor. */
type ForCaller<Functions> = {
  readonly [Name in keyof Functions]: Functions[Name] extends (
    actor: Actor,
    ...rest: infer Rest
  ) => infer Result
    ? (caller: Caller, ...rest: Rest) => Result
    : never;
};

export type SecurityRefresh = {
  /** How many hold now. */
  readonly rules: number;
  readonly overrides: number;
  /** What is wrong with the settings; the rules of before hold on where one is an error. */
  readonly findings: readonly Finding[];
};

export type OverrideAdministration = {
  readonly create: (maker: Caller, wanted: NewOverride) => Promise<OverrideRecord>;
  /** Newest first. */
  readonly list: (
    viewer: Caller,
    filter: { readonly isActive: boolean },
  ) => Promise<readonly OverrideRecord[]>;
  /** @throws GatewayError `record_not_found` also for one that the maker may not know of. */
  readonly revoke: (maker: Caller, id: string) => Promise<OverrideRecord>;
};
