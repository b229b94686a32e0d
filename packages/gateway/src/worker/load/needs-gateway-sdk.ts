import { join } from 'node:path';
import type { ModuleLoad } from '../../protocol/records.ts';
import { readSource } from './read-source.ts';
import { hasOwnSdk } from './sdk-copy.ts';

/**
 * True where a module is likely to import the gateway's copy of the SDK, so that it is imported ahead. A module of which
 * only a helper names the SDK gets the same copy all the same, when it asks for it.
 */
export function needsGatewaySdk(load: ModuleLoad): boolean {
  return !hasOwnSdk(load.folder) && namesSdk(load);
}

function namesSdk({ entry, kept, keptFolder }: ModuleLoad): boolean {
  const sha256 = kept?.[entry];
  try {
    return readSource(sha256 ? join(keptFolder, sha256) : entry).includes('@openai/agents');
  } catch {
    // The load tells what is wrong with the file.
    return false;
  }
}
