import { GatewayError } from '../../errors.ts';
import type {
  RunDetail,
  RunInfo,
  RunPage,
  RunsQuery,
  ShownStep,
  StepsQuery,
} from '../../protocol/admin/runs-answer.ts';
import type { JournalStore, RunRecord, StepChunk } from '../../protocol/journal/journal.ts';
import type { Step } from '../../protocol/journal/steps.ts';
import type { Caller } from '../../protocol/policy.ts';
import { unpackContents } from './pack-contents.ts';

export type ReadJournalDeps = {
  readonly store: Pick<JournalStore, 'list' | 'find' | 'chunks'>;
  /** Writes what is not written yet. */
  readonly flush: () => Promise<void>;
  /** Whether a viewer may read the runs of an agent; without a record of it. */
  readonly mayRead: (viewer: Caller, agentId: string) => boolean;
  /** The same of what they held, which is recorded as a decision. */
  readonly mayReadContents: (viewer: Caller, agentId: string) => boolean;
};

/** Reads the journal for a viewer, within its rights. */
export type ReadJournal = {
  readonly list: (viewer: Caller, query: RunsQuery) => Promise<RunPage>;
  /** @throws GatewayError `record_not_found`, `not_allowed` for the contents alone. */
  readonly show: (viewer: Caller, runId: string, query: StepsQuery) => Promise<RunDetail>;
};

/** Runs that are looked at for one page, where a viewer may read few of them. */
const MAX_LOOKED_AT = 20_000;

/** Chunks that are read at once. */
const CHUNKS = 50;

/** Characters of contents on one page, about; one step is shown in any case. */
const PAGE_CHARS = 4 * 1024 * 1024;

export function createReadJournal(deps: ReadJournalDeps): ReadJournal {
  return {
    async list(viewer, { limit, after, ...filters }) {
      await deps.flush();
      const found: RunRecord[] = [];
      let last = after;
      let isEnd = false;
      for (let seen = 0; seen < MAX_LOOKED_AT && found.length <= limit && !isEnd; ) {
        const page = await deps.store.list({ ...filters, ...given(last), limit: limit + 1 });
        found.push(...page.filter(({ agentId }) => deps.mayRead(viewer, agentId)));
        seen += page.length;
        last = page.at(-1)?.id;
        isEnd = page.length <= limit;
      }
      const shown = found.slice(0, limit);
      const next = found.length > limit ? shown.at(-1)?.id : isEnd ? null : last;
      return { runs: shown.map(toRunInfo), next: next ?? null };
    },
    async show(viewer, runId, query) {
      await deps.flush();
      const run = await deps.store.find(runId);
      if (!run || !deps.mayRead(viewer, run.agentId)) throw notFound(runId);
      const withContents = query.contents && run.recorded === 'contents';
      if (withContents && !deps.mayReadContents(viewer, run.agentId)) throw notAllowed(run);
      return { run: toRunInfo(run), ...(await stepsOf(deps, run, { ...query, withContents })) };
    },
  };
}

function given(after: string | undefined): { after?: string } {
  return after === undefined ? {} : { after };
}

async function stepsOf(
  { store }: ReadJournalDeps,
  { id, steps: total }: RunRecord,
  { from, limit, withContents }: StepsQuery & { readonly withContents: boolean },
): Promise<Pick<RunDetail, 'steps' | 'next'>> {
  const shown: ShownStep[] = [];
  let chars = 0;
  let wanted = from;
  while (shown.length < limit && chars < PAGE_CHARS) {
    const chunks = await store.chunks(id, { fromStep: wanted, limit: CHUNKS });
    const before = shown.length;
    for (const chunk of chunks) {
      const own = (await readChunk(chunk, withContents)).filter(({ step }) => step >= wanted);
      for (const step of own) {
        if (shown.length >= limit || chars >= PAGE_CHARS) break;
        shown.push(step);
        chars += JSON.stringify(step).length;
        wanted = step.step + 1;
      }
    }
    if (shown.length === before) break;
  }
  return { steps: shown, next: wanted < total && shown.length > 0 ? wanted : null };
}

async function readChunk(chunk: StepChunk, withContents: boolean): Promise<ShownStep[]> {
  const steps = JSON.parse(chunk.steps) as Step[];
  if (!withContents || chunk.contents === null) return steps;
  const contents = await unpackContents(chunk.contents);
  return steps.map((step) => {
    const own = contents.filter((each) => each.step === step.step);
    if (own.length === 0) return step;
    return { ...step, contents: Object.fromEntries(own.map(({ part, text }) => [part, text])) };
  });
}

function toRunInfo(run: RunRecord): RunInfo {
  const { usage } = run;
  return {
    id: run.id,
    request_id: run.requestId,
    key_id: run.keyId,
    user: run.user,
    agent_id: run.agentId,
    module_path: run.modulePath,
    generation: run.generation,
    replay_of: run.replayOf,
    resumes: run.resumes,
    started_at: new Date(run.startedMs).toISOString(),
    outcome: run.outcome,
    code: run.code,
    duration_ms: run.durationMs,
    usage: usage && {
      requests: usage.requests,
      input_tokens: usage.inputTokens,
      output_tokens: usage.outputTokens,
      cached_input_tokens: usage.cachedInputTokens,
      reasoning_tokens: usage.reasoningTokens,
    },
    cost_usd: shownCost(run),
    unpriced_calls: run.unpricedCalls,
    recorded: run.recorded,
    steps: run.steps,
  };
}

/** Null where there is something of which no price at all is known. */
function shownCost({ costNanoUsd, unpricedCalls }: RunRecord): number | null {
  return costNanoUsd === 0 && unpricedCalls > 0 ? null : costNanoUsd / 1_000_000_000;
}

function notFound(runId: string): GatewayError {
  return new GatewayError(
    'record_not_found',
    `There is no run ${runId.slice(0, 64)} in the journal.`,
  );
}

function notAllowed({ agentId }: RunRecord): GatewayError {
  return new GatewayError(
    'not_allowed',
    `This key may not read what runs of ${agentId} held: no rule allows it read_runs there.`,
  );
}
