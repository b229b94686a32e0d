import type { Finding } from '../protocol/diagnostics.ts';
import type { FoundModule } from '../protocol/module.ts';
import type { CheckedPackage } from './installed-package.ts';
import type { Declarations } from './package-json.ts';

/** What has to be known of a module to look at its dependencies. */
export type DependentModule = Pick<
  FoundModule,
  'agentId' | 'modulePath' | 'folder' | 'entry' | 'language'
>;

/** What a module declares, what is there of it, and what is to be said about that. */
export type DependencyReport = {
  /** Null where there is no file that declares anything, or it cannot be used. */
  readonly declarations: Declarations | null;
  readonly packages: readonly CheckedPackage[];
  readonly findings: readonly Finding[];
};
