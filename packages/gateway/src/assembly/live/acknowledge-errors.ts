import type { Emit } from '../../events.ts';
import type { DiagnosticList } from '../../observability/diagnostic-list.ts';
import type { PersistDiagnostics } from '../../observability/persist-diagnostics.ts';
import type { DiagnosticFilter } from '../../protocol/admin/errors-answer.ts';
import type { Diagnostic } from '../../protocol/diagnostics.ts';

/**
 * Makes what takes errors off the list, for good unless they are seen again, and tells so of each module that had some.
 *
 * @returns How many were taken off.
 */
export function createAcknowledgeErrors({
  diagnostics,
  persist,
  emit,
}: {
  readonly diagnostics: Pick<DiagnosticList, 'acknowledge' | 'all'>;
  readonly persist: Pick<PersistDiagnostics, 'flush'>;
  readonly emit: Emit;
}): (filter: DiagnosticFilter) => Promise<number> {
  return async (filter) => {
    const gone = diagnostics.acknowledge(filter);
    await persist.flush();
    const left = Map.groupBy(diagnostics.all(), subjectOf);
    for (const [subject, [first]] of Map.groupBy(gone, subjectOf)) {
      if (!first) continue;
      const own = left.get(subject) ?? [];
      emit({
        type: 'findings_acknowledged',
        agentId: first.agent_id,
        modulePath: first.module_path,
        errors: own.filter(({ severity }) => severity === 'error').length,
        warnings: own.filter(({ severity }) => severity === 'warning').length,
      });
    }
    return gone.length;
  };
}

function subjectOf({ agent_id, module_path }: Diagnostic): string {
  return JSON.stringify([agent_id, module_path]);
}
