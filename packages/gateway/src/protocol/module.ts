import type { Finding } from './diagnostics.ts';

/** What modules are written in. */
export const languages = ['node', 'python'] as const;

export type Language = (typeof languages)[number];

/** A variable that the operator gives to some agents, and where its value is: in the gateway's environment or a file. */
export type GivenVariable = {
  /** Pattern of model ids, `*` for anything. */
  readonly agents: string;
  readonly name: string;
  readonly from: { readonly env: string } | { readonly file: string };
};

/** A module found on disk. Paths are absolute but `modulePath`, which is below the project root. */
export type FoundModule = {
  readonly agentId: string;
  readonly modulePath: string;
  readonly entry: string;
  readonly folder: string;
  readonly name: string;
  readonly language: Language;
  /** What is wanted of it. Absent: an agent. */
  readonly serves?: 'tool';
};

/** What the ids of modules that give a tool begin with: no model id has such a character. */
const TOOL_ID = 'tool:';

/** The id under which a module that gives a tool is known beside the agents. */
export function toolModuleId(tool: string): string {
  return TOOL_ID + tool.toLowerCase();
}

/** The tool that a module of such an id gives, in small letters. */
export function toolOfModule(agentId: string): string {
  return agentId.slice(TOOL_ID.length);
}

/** Whether an id is that of a module which gives a tool. */
export function isToolModuleId(agentId: string): boolean {
  return agentId.startsWith(TOOL_ID);
}

/** What a module runs on, and the files that say so. */
export type ModuleRuntime = {
  /** Absolute path of its Python; null for Node, and where there is none. */
  readonly interpreter: string | null;
  /** Why there is none, or none yet. */
  readonly finding: Finding | null;
  /** Files about its packages whose change is a reason to load again, present or not. */
  readonly watched: readonly string[];
};

/** Finds what a module runs on. Never throws. */
export type FindRuntime = (module: FoundModule) => Promise<ModuleRuntime>;
