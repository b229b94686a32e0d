/** What the page says of one code: what somebody sees, why, and what to do. */
export type Row = {
  readonly code: string;
  readonly symptom: string;
  readonly cause: string;
  readonly fix: string;
};

/** Codes that are seen in the same places and belong to the same part of the product. */
export type Group = {
  readonly title: string;
  /** Where a person sees it. */
  readonly where: string;
  /** The part of the product, as a link. */
  readonly capability: string;
  readonly rows: readonly Row[];
};

/** Reads rows that are written one a line: `code | symptom | cause | fix`. Throws where a line has another shape. */
export function rowsOf(lines: string): readonly Row[] {
  return lines
    .trim()
    .split('\n')
    .map((line) => {
      const [code, symptom, cause, fix, more] = line.split(' | ').map((part) => part.trim());
      if (!code || !symptom || !cause || !fix || more !== undefined) {
        throw new Error(`This row needs a code, a symptom, a cause and a fix: ${line}`);
      }
      return { code, symptom, cause, fix };
    });
}
