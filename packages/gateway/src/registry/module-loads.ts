import { createLoadsUnderWay, type LoadsUnderWay } from './loads-under-way.ts';
import { clearReloadLoop } from './report-findings.ts';
import { type SwapDeps, swapGeneration } from './swap-generation.ts';

/** The loads of modules, each of which ends in a swap: looks at the folders and operators begin them. */
export function createModuleLoads(deps: SwapDeps): LoadsUnderWay {
  return createLoadsUnderWay({
    swap: (module, options) => swapGeneration(deps, module, options),
    onLoopEnd: (module) => clearReloadLoop(deps, module),
  });
}
