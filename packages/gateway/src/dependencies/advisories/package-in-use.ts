/** Where packages come from, as OSV and npm call it. */
export type Ecosystem = 'npm' | 'PyPI';

/** A package of a version that somebody runs, or would get. */
export type PackageInUse = {
  readonly ecosystem: Ecosystem;
  /** Of PyPI as all spellings share it. */
  readonly name: string;
  readonly version: string;
  /** False where it is declared and not installed: the version is then the lowest that the declaration takes. */
  readonly isInstalled: boolean;
};

/** What is declared, not installed, and takes so many versions that none can be named. */
export type UnknownVersion = { readonly name: string; readonly wanted: string };

/** The packages of an agent, a tool, or the gateway itself. */
export type PackagesOf = {
  /** A model id, or `gateway`, `project` or `python` for what is shared. */
  readonly owner: string;
  readonly packages: readonly PackageInUse[];
  readonly unknown: readonly UnknownVersion[];
};

/** What is known against a version of a package. */
export type Advisory = {
  readonly ecosystem: Ecosystem;
  readonly name: string;
  readonly version: string;
  readonly id: string;
  readonly title: string;
  /** As the service says it, in small letters; null where it does not. */
  readonly severity: string | null;
  readonly url: string;
  /** The first version without it, as it is written to npm or pip; null where none is known. */
  readonly fixedIn: string | null;
};

/** What a service of advisories said of packages. */
export type AdvisoryAnswer =
  | { readonly type: 'answered'; readonly advisories: readonly Advisory[] }
  /** Nobody knows then: that is no finding, and no good news. */
  | { readonly type: 'unreachable'; readonly reason: string };
