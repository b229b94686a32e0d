import type { z } from 'zod';
import { nearest } from '../protocol/nearest.ts';
import type { AllowedValues } from './allowed-values.ts';
import type { ConfigProblem } from './config-error.ts';
import type { SettingPath, SettingsFile } from './settings-file.ts';

/** Where the settings that were checked came from. */
export type Origin = {
  readonly file: SettingsFile | null;
  readonly fileName: string;
  /** Variables that set a setting, by the setting's path (`server.port`). */
  readonly variables: ReadonlyMap<string, string>;
  readonly allowed: AllowedValues;
};

/** What a schema found wrong, told with its place, what is allowed and a likely correction. */
export function toProblems(
  issues: readonly z.core.$ZodIssue[],
  settings: unknown,
  origin: Origin,
): ConfigProblem[] {
  return issues.flatMap((issue) => {
    if (issue.code === 'unrecognized_keys') {
      return issue.keys.map((key) => unknownKey([...issue.path, key], origin));
    }
    if (issue.code === 'invalid_key') {
      const message = `Names here are ${origin.allowed.describeKey(issue.path)}.`;
      return [problemAt(issue.path, message, origin, 'key')];
    }
    // A rule over several settings says itself what is wrong.
    if (issue.code === 'custom' && issue.message !== 'Invalid input') {
      return [problemAt(issue.path, issue.message, origin, 'value')];
    }
    const value = valueAt(settings, issue.path);
    const allowed = origin.allowed.describe(issue.path);
    const message =
      value === undefined
        ? `This setting is missing. Allowed: ${allowed}.`
        : `${shown(issue.path, value)} is not allowed. Allowed: ${allowed}.`;
    return [problemAt(issue.path, message, origin, 'value')];
  });
}

/** A problem at the place where a setting came from: its line in the file, or its variable. */
export function problemAt(
  path: SettingPath,
  message: string,
  origin: Origin,
  at: 'key' | 'value',
): ConfigProblem {
  const setting = path.map(String).join('.');
  const variable = variableOf(path, origin);
  if (variable !== null || origin.file === null) {
    return { file: null, line: null, column: null, setting: variable ?? setting, message };
  }
  const place = at === 'key' ? origin.file.placeOfKey(path) : origin.file.placeOfValue(path);
  return { file: origin.fileName, ...place, setting, message };
}

function unknownKey(path: SettingPath, origin: Origin): ConfigProblem {
  const key = String(path.at(-1));
  const known = origin.allowed.keys(path.slice(0, -1));
  const guess = nearest(key, known);
  const message = `There is no such setting. ${guess ? `Did you mean \`${guess}\`?` : `Allowed: ${known.join(', ')}.`}`;
  return problemAt(path, message, origin, 'key');
}

/** The variable that set this or what it is part of (an entry of a list). */
function variableOf(path: SettingPath, origin: Origin): string | null {
  const prefixes = path.map((_, index) =>
    path
      .slice(0, index + 1)
      .map(String)
      .join('.'),
  );
  return prefixes.map((prefix) => origin.variables.get(prefix)).find((name) => name) ?? null;
}

function valueAt(settings: unknown, path: SettingPath): unknown {
  return path.reduce<unknown>(
    (part, key) => (part as Record<PropertyKey, unknown> | null | undefined)?.[key],
    settings,
  );
}

// Addresses may hold a password, and a secret is easily put where the name of its variable belongs.
const secretive = /url|key|token|secret/;

/** Where agents and tools are given secrets, whatever these are called. */
function isForSecrets(path: SettingPath): boolean {
  const isOfTool = path[0] === 'tools' && (path[2] === 'env' || path[2] === 'headers');
  return isOfTool || (path[0] === 'agents' && path[2] === 'env');
}

function shown(path: SettingPath, value: unknown): string {
  const isPlain = ['string', 'number', 'boolean'].includes(typeof value);
  const isSecretive = isForSecrets(path) || path.some((part) => secretive.test(String(part)));
  if (!isPlain || isSecretive) return 'This value';
  return String(JSON.stringify(value)).slice(0, 80);
}
