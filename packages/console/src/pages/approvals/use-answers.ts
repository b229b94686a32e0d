import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { useApi } from '../../api/api-context.ts';
import { type Approval, answerApproval, type GivenAnswer } from '../../api/approvals.ts';
import type { Answer } from '../../api/client.ts';

/** What came of one answer. */
export type Told = {
  /** Of this answer alone. */
  readonly key: string;
  readonly approval: Approval;
  readonly approve: boolean;
} & (
  | { readonly came: Answer<'POST /v1/runs/{id}/approvals/{approval_id}'> }
  | { readonly error: unknown }
);

/** Answers that are given on this page. */
export type Answers = {
  /** Newest first. */
  readonly told: readonly Told[];
  readonly forget: () => void;
  /** One after another: the last answer of a run lets it go on. */
  readonly give: (calls: readonly Approval[], answer: GivenAnswer) => void;
  /** How far it is; null where nothing is being answered. */
  readonly progress: { readonly done: number; readonly count: number } | null;
};

/** Most of them that are told of at once. */
const mostTold = 200;

/** Gives answers, and keeps what came of each until somebody has read it. */
export function useAnswers(): Answers {
  const api = useApi();
  const queries = useQueryClient();
  const [told, setTold] = useState<readonly Told[]>([]);
  const [progress, setProgress] = useState<Answers['progress']>(null);
  const tell = (one: Told) => setTold((before) => [one, ...before].slice(0, mostTold));
  const give = useMutation({
    async mutationFn(asked: { calls: readonly Approval[]; answer: GivenAnswer }) {
      const { calls, answer } = asked;
      for (const [done, approval] of calls.entries()) {
        setProgress({ done, count: calls.length });
        const key = `${approval.id} ${performance.now()}`;
        const about = { key, approval, approve: answer.approve };
        await answerApproval(api, approval, answer).then(
          (came) => tell({ ...about, came }),
          (error: unknown) => tell({ ...about, error }),
        );
      }
    },
    async onSettled() {
      setProgress(null);
      await queries.invalidateQueries({ queryKey: ['approvals'] });
    },
  });
  return {
    told,
    forget: () => setTold([]),
    give: (calls, answer) => !give.isPending && give.mutate({ calls, answer }),
    progress,
  };
}
