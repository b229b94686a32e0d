import type { Finding } from '../../protocol/diagnostics.ts';
import type { FoundModule } from '../../protocol/module.ts';
import type { Pin } from '../../protocol/records.ts';

/** What to report of a module of which an operator pinned a generation; nothing without a pin. */
export function pinFindings({ agentId, entry }: FoundModule, pin: Pin | null): Finding[] {
  if (!pin) return [];
  const since = new Date(pin.sinceSeconds * 1000).toISOString();
  return [
    {
      stage: 'load',
      code: 'rolled_back',
      severity: 'info',
      message: `It was rolled back by ${pin.by} at ${since}: what lies on disk is not loaded until it changes.`,
      file: entry,
      hint: `To load what lies on disk: dropgate agents rollback ${agentId} --release`,
    },
  ];
}
