import { createHash } from 'node:crypto';
import type { EventOf, GatewayEvent } from '../events.ts';
import type {
  DiagnosticFilter,
  DiagnosticPage,
  DiagnosticQuery,
} from '../protocol/admin/errors-answer.ts';
import { type Diagnostic, type Finding, runStages, type Stage } from '../protocol/diagnostics.ts';
import { pageSize } from '../protocol/pages.ts';
import { cutFinding } from '../protocol/worker/cut-texts.ts';
import { type FailureSubject, servingFailure } from './serving-failure.ts';

export type DiagnosticList = {
  readonly listener: (event: GatewayEvent) => void;
  /** Takes over what an earlier gateway kept, least lately seen first. */
  readonly restore: (diagnostics: readonly Diagnostic[]) => void;
  /** All that is kept, least lately seen first. */
  readonly all: () => readonly Diagnostic[];
  /** Of each agent the newest few, newest first. */
  readonly newestByAgent: () => ReadonlyMap<string, readonly Diagnostic[]>;
  /** Forgets those that fit; which. */
  readonly acknowledge: (filter: DiagnosticFilter) => readonly Diagnostic[];
  /** Newest first. `next` is the `after` of the following page, null on the last. */
  readonly query: (query: DiagnosticQuery) => DiagnosticPage;
};

const keptLimit = 1000;

/** Of one agent where many are shown together. */
const shownOfAgent = 20;

/** Characters of one page, about: messages of authors can be long. */
const pageChars = 512 * 1024;

/** Stages of what happened while serving: a new look at the module says nothing about them. */
const servingStages: readonly Stage[] = runStages;

/** A bounded list of diagnostics: repeats are counted, what is mended is cleared. */
export function createDiagnosticList(
  nowIso: () => string,
  redact: (agentId: string | null) => (text: string) => string = () => (text) => text,
): DiagnosticList {
  const kept = new Map<string, Diagnostic>();
  const add = (about: FailureSubject, finding: Finding) => {
    const fresh = toDiagnostic(about, finding, nowIso());
    const known = kept.get(fresh.id);
    kept.delete(fresh.id);
    kept.set(
      fresh.id,
      known ? { ...fresh, first_seen: earlier(known, fresh), count: known.count + 1 } : fresh,
    );
    if (kept.size > keptLimit) kept.delete(oldestOfMost(kept));
  };
  const clearLoading = (modulePath: string, except: ReadonlySet<string>) => {
    for (const [id, { module_path, stage }] of kept) {
      if (module_path === modulePath && !servingStages.includes(stage) && !except.has(id)) {
        kept.delete(id);
      }
    }
  };
  return {
    listener(event) {
      if (event.type === 'findings_reported') {
        const about = { ...event, requestId: null };
        const findings = hideInFindings(event.findings, redact(event.agentId)).map(cutFinding);
        const ids = findings.map((finding) => diagnosticId(about, finding));
        clearLoading(event.modulePath, new Set(ids));
        for (const finding of findings) add(about, finding);
        return;
      }
      if (event.type === 'agent_loaded') markReplaced(kept, event);
      // The end of its worker is the entry: a crash with many runs under way is one.
      if (event.type === 'run_ended' && event.code === 'worker_crashed') return;
      const failure = servingFailure(event);
      if (!failure) return;
      const { about, finding } = failure;
      const hidden = hideInFindings([finding], redact(about.agentId));
      for (const each of hidden) add(about, cutFinding(each));
    },
    restore(diagnostics) {
      const newer = [...kept];
      kept.clear();
      for (const each of diagnostics) kept.set(each.id, each);
      for (const [id, each] of newer) kept.set(id, each);
    },
    all: () => [...kept.values()],
    newestByAgent: () => newestOfEach([...kept.values()].reverse()),
    acknowledge(filter) {
      const meant = [...kept.values()].filter((each) => fits(each, filter));
      for (const { id } of meant) kept.delete(id);
      return meant;
    },
    query: (query) => select([...kept.values()].reverse(), query),
  };
}

/** Where there is too much, the module that has most loses: it does not push out what is wrong with others. */
function oldestOfMost(kept: ReadonlyMap<string, Diagnostic>): string {
  const counts = new Map<string | null, number>();
  let most: string | null = null;
  for (const { module_path } of kept.values()) {
    const count = (counts.get(module_path) ?? 0) + 1;
    counts.set(module_path, count);
    if (count > (counts.get(most) ?? 0)) most = module_path;
  }
  const oldest = kept.values().find(({ module_path }) => module_path === most);
  return oldest?.id ?? '';
}

/** Of what happened in a run: whether it did in the version that serves now. */
function markReplaced(
  kept: Map<string, Diagnostic>,
  { agentId, generation }: EventOf<'agent_loaded'>,
): void {
  for (const [id, { replaced: _, ...each }] of kept) {
    if (each.agent_id !== agentId || each.generation === undefined) continue;
    const isReplaced = each.generation !== generation;
    kept.set(id, isReplaced ? { ...each, replaced: true } : each);
  }
}

function newestOfEach(newestFirst: readonly Diagnostic[]): Map<string, Diagnostic[]> {
  const byAgent = new Map<string, Diagnostic[]>();
  for (const each of newestFirst) {
    if (each.agent_id === null) continue;
    const own = byAgent.get(each.agent_id) ?? [];
    byAgent.set(each.agent_id, own);
    if (own.length < shownOfAgent) own.push(each);
  }
  return byAgent;
}

function diagnosticId(about: FailureSubject, finding: Finding): string {
  const { stage, code, file, line, message } = finding;
  const identity = JSON.stringify([about.modulePath, stage, code, file, line, message]);
  return `diag_${createHash('sha256').update(identity).digest('hex').slice(0, 16)}`;
}

function toDiagnostic(about: FailureSubject, finding: Finding, now: string): Diagnostic {
  return {
    id: diagnosticId(about, finding),
    agent_id: about.agentId,
    module_path: about.modulePath,
    stage: finding.stage,
    code: finding.code,
    severity: finding.severity,
    message: finding.message,
    file: finding.file ?? null,
    line: finding.line ?? null,
    column: finding.column ?? null,
    frame: finding.frame ?? null,
    hint: finding.hint ?? null,
    ...(about.generation == null ? {} : { generation: about.generation }),
    serving_generation: about.servingGeneration,
    first_seen: now,
    last_seen: now,
    count: 1,
    request_id: about.requestId,
    ...(about.runId == null ? {} : { run_id: about.runId }),
  };
}

function select(newestFirst: readonly Diagnostic[], query: DiagnosticQuery): DiagnosticPage {
  const matching = newestFirst.filter(
    (each) =>
      fits(each, query) &&
      (query.since === undefined || Date.parse(each.last_seen) >= Date.parse(query.since)),
  );
  const start = matching.findIndex((each) => each.id === query.after) + 1;
  const limit = Math.min(query.limit ?? pageSize.default, pageSize.most);
  const errors = fitting(matching.slice(start, start + limit));
  const more = matching.length > start + errors.length;
  return { errors, next: more ? (errors.at(-1)?.id ?? null) : null };
}

function fits(each: Diagnostic, { id, agent, stage, severity }: DiagnosticFilter): boolean {
  return (
    (id === undefined || each.id === id) &&
    (agent === undefined || each.agent_id === agent) &&
    (stage === undefined || each.stage === stage) &&
    (severity === undefined || each.severity === severity)
  );
}

/** The first of them, as many as a page has room for; one always. */
function fitting(page: readonly Diagnostic[]): readonly Diagnostic[] {
  let chars = 0;
  const end = page.findIndex(({ message, frame, hint, file }, index) => {
    chars += [message, frame, hint, file].reduce((sum, text) => sum + (text?.length ?? 0), 200);
    return index > 0 && chars > pageChars;
  });
  return end < 0 ? page : page.slice(0, end);
}

/** A clock that was set back must not show a diagnostic as last seen before it was first seen. */
function earlier(known: Diagnostic, fresh: Diagnostic): string {
  const [first = fresh.first_seen] = [known.first_seen, fresh.first_seen].toSorted();
  return first;
}

/** Findings without the secrets of whoever caused them, who also names the file (`sourceURL`); codes and the like are the gateway's own. */
export function hideInFindings(
  findings: readonly Finding[],
  hide: (text: string) => string,
): Finding[] {
  return findings.map(({ message, file, frame, hint, ...rest }) => ({
    ...rest,
    message: hide(message),
    ...(file === undefined ? {} : { file: hide(file) }),
    ...(frame === undefined ? {} : { frame: hide(frame) }),
    ...(hint === undefined ? {} : { hint: hide(hint) }),
  }));
}
