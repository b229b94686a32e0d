import type { Finding } from '../../protocol/diagnostics.ts';

type Claim = { readonly agentId: string; readonly modulePath: string; readonly entry: string };

/**
 * Lets one module have each model id: on a clash what serves already stays, and with no such one nobody gets it.
 *
 * @param serving - Model id → module path of what serves now.
 */
export function resolveClashes<Module extends Claim>(
  found: readonly Module[],
  serving: ReadonlyMap<string, string>,
): { modules: Module[]; clashes: { agentId: string; modulePath: string; finding: Finding }[] } {
  const modules: Module[] = [];
  const clashes: { agentId: string; modulePath: string; finding: Finding }[] = [];
  for (const [agentId, rivals] of Map.groupBy(found, (module) => module.agentId)) {
    const incumbent = rivals.find(({ modulePath }) => modulePath === serving.get(agentId));
    const winner = rivals.length === 1 ? rivals[0] : incumbent;
    if (winner) modules.push(winner);
    for (const module of rivals) {
      if (module === winner) continue;
      const { modulePath } = module;
      clashes.push({ agentId, modulePath, finding: clash(module, rivals, winner) });
    }
  }
  return { modules, clashes };
}

function clash(module: Claim, rivals: readonly Claim[], winner: Claim | undefined): Finding {
  const paths = rivals.map((rival) => rival.modulePath).join(' and ');
  const outcome = winner ? `${winner.modulePath} keeps serving` : 'neither is served';
  return {
    stage: 'discover',
    code: 'id_clash',
    severity: 'error',
    message: `${paths} both want the model id ${module.agentId}; ${outcome}.`,
    file: module.entry,
    hint: 'Rename one of the folders.',
  };
}
