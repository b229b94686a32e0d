/** One thing that somebody has to do something about. */
export type NightlyFinding = { readonly what: string; readonly fix: string };

/** What one part of the nightly audit found. */
export type PartResult = {
  readonly findings: readonly NightlyFinding[];
  /** Worth knowing and no finding: what was looked at, and what could not be. */
  readonly notes: readonly string[];
  /** Whether somebody who had to be asked gave no answer: then no finding is no good news. */
  readonly isUnanswered?: boolean;
};

/** A part with its result; one that broke is a finding of its own. */
export type PartReport = PartResult & { readonly name: string; readonly seconds: number };

export type NightlyReport = {
  /** ISO 8601, UTC. */
  readonly made_at: string;
  /** Of the tree that was looked at; null where nobody tells. */
  readonly commit: string | null;
  readonly node: string;
  readonly findings: number;
  readonly parts: readonly PartReport[];
};

/** The report as people read it, and as the tracking issue shows it. */
export function markdownOf({ made_at, commit, node, findings, parts }: NightlyReport): string {
  const told = findings === 1 ? '1 finding' : `${findings} findings`;
  const rows = parts.map((part) => `| ${part.name} | ${foundBy(part)} | ${part.seconds} s |`);
  const head = [
    `# Nightly audit: ${findings === 0 ? 'no findings' : told}`,
    '',
    `Made at ${made_at} of commit ${commit ?? 'unknown'} on Node ${node}.`,
    '',
    '| part | findings | took |',
    '| --- | --- | --- |',
    ...rows,
  ];
  return `${[...head, ...parts.flatMap(sectionOf)].join('\n')}\n`;
}

function foundBy({ findings, isUnanswered }: PartReport): string {
  return isUnanswered ? `${findings.length}, and not all is known` : `${findings.length}`;
}

function sectionOf({ name, findings, notes }: PartReport): string[] {
  if (findings.length + notes.length === 0) return [];
  const items = findings.map(({ what, fix }) => `- **${plain(what)}** ${plain(fix)}`);
  return ['', `## ${name}`, '', ...items, ...notes.map((note) => `- ${plain(note)}`)];
}

/** What strangers wrote may not look like more than a line of text, nor call people by name. */
function plain(text: string): string {
  return text
    .replaceAll(/\s+/g, ' ')
    .replaceAll(/[<>|*_`[\]]/g, (sign) => `\\${sign}`)
    .replaceAll('@', '@\u200B');
}
