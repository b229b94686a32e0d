import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { z } from 'zod';
import type { Manifest, ModuleLoad, UpstreamApi } from '../../protocol/records.ts';
import type { SdkCopy } from '../loaded-module.ts';
import { apiOfModel, fieldsOf } from '../sdk.ts';
import { gatewayPackageUrl, isLocalPath, pathOfUrl, realPath, statsOf } from './local-files.ts';
import { readSource } from './read-source.ts';
import type { ResolvedPackage } from './resolve-import.ts';

/** The SDK copy a module uses. */
export type SdkOfModule = { readonly copy: SdkCopy; readonly about: NonNullable<Manifest['sdk']> };

/**
 * Imports the SDK copy that the module's own files resolved, which is the very instance they hold; where none of them
 * did, the first that a package of theirs did. Null for a module without the SDK.
 */
export async function importSdkOfModule(
  packages: readonly ResolvedPackage[],
): Promise<SdkOfModule | null> {
  const [main] = ranked(packages, '@openai/agents');
  const [core] = ranked(packages, '@openai/agents-core');
  const chosen = main && (isLocalPath(main.importer) || !core) ? main : core;
  if (!chosen) return null;
  const copy = await importCopy(chosen.url);
  // The core alone cannot choose an API; its companion can.
  const [companion] = chosen === core ? ranked(packages, '@openai/agents-openai') : [];
  const whole = companion ? { ...(await importCopy(companion.url)), ...copy } : copy;
  return { copy: whole, about: describeCopy(chosen) };
}

/** Imports the gateway's own copy. */
export async function importGatewaySdk(): Promise<SdkCopy> {
  return await import('@openai/agents');
}

/**
 * True where a module is likely to import the gateway's copy of the SDK, so that it is imported ahead. A module of which
 * only a helper names the SDK gets the same copy all the same, when it asks for it.
 */
export function needsGatewaySdk(load: ModuleLoad): boolean {
  return !hasOwnSdk(load.folder) && namesSdk(load);
}

/** Chooses the API of the upstream for models that agents name. Old copies may lack the switch. */
export function useApi(sdk: SdkCopy, api: UpstreamApi): void {
  callIfPresent(sdk.setOpenAIAPI, api);
}

/** The API of models that agents name, as it stands; null where the copy does not tell. */
async function apiInUse(sdk: SdkCopy): Promise<UpstreamApi | null> {
  const { OpenAIProvider } = sdk;
  if (typeof OpenAIProvider !== 'function') return null;
  try {
    const provider = fieldsOf(Reflect.construct(OpenAIProvider, [])) as Provider;
    return apiOfModel(await provider.getModel?.('gpt-4o'));
  } catch {
    return null;
  }
}

type Provider = { getModel?: (name: string) => unknown };

/** Takes away the processor that sends traces to the SDK's vendor. */
export function muteTracing(sdk: SdkCopy): void {
  callIfPresent(sdk.setTraceProcessors, []);
}

/** Settings the SDK gives an agent for a model, where the copy tells them. */
export function defaultModelSettings(sdk: SdkCopy, model: string): unknown {
  return callIfPresent(sdk.getDefaultModelSettings, model);
}

/** True where files in the folder would resolve another copy of the SDK than the gateway's. */
function hasOwnSdk(folder: string): boolean {
  const installed = join(folder, 'node_modules', '@openai', 'agents');
  const parent = dirname(folder);
  if (statsOf(installed)) return realPath(installed) !== gatewayCopyFolder('@openai/agents');
  return parent !== folder && hasOwnSdk(parent);
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

function callIfPresent(member: unknown, argument: unknown): unknown {
  return typeof member === 'function' ? Reflect.apply(member, undefined, [argument]) : undefined;
}

/** Resolutions of a package, those of the author's own files first. */
function ranked(packages: readonly ResolvedPackage[], specifier: string): ResolvedPackage[] {
  const all = packages.filter((resolved) => resolved.specifier === specifier);
  const isOwn = (resolved: ResolvedPackage) => isLocalPath(resolved.importer);
  return [...all.filter(isOwn), ...all.filter((resolved) => !isOwn(resolved))];
}

/** A CommonJS build is what `require` gave the module, not its namespace. */
async function importCopy(url: string): Promise<SdkCopy> {
  const namespace: SdkCopy = await import(url);
  const commonJs = namespace['module.exports'];
  return typeof commonJs === 'object' && commonJs !== null ? (commonJs as SdkCopy) : namespace;
}

function describeCopy({ specifier, url }: ResolvedPackage): SdkOfModule['about'] {
  const path = pathOfUrl(url) ?? url;
  const folder = packageFolder(path);
  const isGatewayCopy = folder !== null && folder === gatewayCopyFolder(specifier);
  return { version: folder ? readVersion(folder) : 'unknown', path, own: !isGatewayCopy };
}

function gatewayCopyFolder(specifier: string): string | null {
  try {
    return packageFolder(createRequire(gatewayPackageUrl).resolve(specifier));
  } catch {
    return null;
  }
}

function packageFolder(path: string): string | null {
  const folder = dirname(path);
  if (folder === path) return null;
  return statsOf(join(folder, 'package.json')) ? realPath(folder) : packageFolder(folder);
}

const packageSchema = z.object({ version: z.string() });

function readVersion(folder: string): string {
  const text = readFileSync(join(folder, 'package.json'), 'utf8');
  const parsed = packageSchema.safeParse(JSON.parse(text));
  return parsed.success ? parsed.data.version : 'unknown';
}

/** The API of the upstream that a module uses where it says nothing; null where that is not known. */
export function apiOfDefault({ upstreams, defaultUpstream }: ModuleLoad): UpstreamApi | null {
  return upstreams[defaultUpstream.name] ?? null;
}

/** The upstream's API, but where the author's file has chosen one: then it is another than before by now. */
export async function settleApi(
  wanted: UpstreamApi | undefined,
  { sdk, apiBefore }: { sdk: SdkOfModule | null; apiBefore: UpstreamApi | null },
): Promise<void> {
  if (!sdk || !wanted || wanted === apiBefore) return;
  const now = await apiInUse(sdk.copy);
  if (now === null || now === (apiBefore ?? 'responses')) useApi(sdk.copy, wanted);
}
