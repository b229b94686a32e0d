import { useMemo } from 'react';
import type { Agent } from '../../../api/agents.ts';
import { useKeyNames } from '../../../api/keys.ts';
import { fill, text } from '../../../strings/text.ts';
import { duration, Time } from '../../../ui/data/time.tsx';
import { Card, Facts } from '../../../ui/page.tsx';
import { CopyButton } from '../../../ui/text/copy-button.tsx';
import { AgentState } from '../agent-state.tsx';
import { useFresh } from '../list/use-fresh.ts';
import styles from './detail.module.css';

const words = text.agents.detail;
const keyOf = ({ id }: Agent) => id;
const versionOf = ({ generation, status, loaded_at: at }: Agent) => `${generation} ${status} ${at}`;

/** How an agent is and what it is made with. A change is shown for a moment. */
export function AgentFacts({ agent }: { readonly agent: Agent }) {
  const rows = useMemo(() => [agent], [agent]);
  const isFresh = useFresh({ rows, keyOf, versionOf }).has(agent.id);
  return (
    <div className={styles.fading} data-fresh={isFresh || undefined}>
      <Card title={words.about}>
        <p className={styles.source}>
          <code>{agent.module_path}</code>
          <CopyButton value={agent.files[0]?.path ?? agent.module_path} label={words.copySource} />
        </p>
        <Facts facts={[...lifeOf(agent), ...makeOf(agent)]} />
      </Card>
    </div>
  );
}

/** What changes while it serves. */
function lifeOf(agent: Agent) {
  const { generation, pinned } = agent;
  return [
    { name: words.state, value: <AgentState agent={agent} /> },
    { name: words.generation, value: generation ?? words.noneServes },
    { name: words.loaded, value: <Loaded agent={agent} /> },
    { name: words.runsNow, value: runsOf(agent) },
    { name: words.pinnedSince, value: <Pinned pinned={pinned} /> },
  ];
}

function Pinned({ pinned }: Pick<Agent, 'pinned'>) {
  const names = useKeyNames();
  if (!pinned) return words.notPinned;
  const { since, by } = pinned;
  return (
    <>
      <Time at={since} /> {fill(words.pinnedBy, { key: names(by) })}
    </>
  );
}

function Loaded({ agent: { loaded_at: at, load_ms: tookMs } }: { readonly agent: Agent }) {
  const took = tookMs === null ? '' : fill(words.loadedIn, { time: duration(tookMs) });
  return (
    <>
      <Time at={at} /> <span className={styles.soft}>{took}</span>
    </>
  );
}

function runsOf({ active_runs: active, waiting_runs: waiting }: Agent): string {
  return waiting === 0 ? `${active}` : fill(words.runsWaiting, { active, waiting });
}

/** What its file says. */
function makeOf(agent: Agent) {
  const { kind, model, upstream, language } = agent;
  return [
    { name: words.kind, value: kind ? words.kinds[kind] : words.none },
    { name: words.model, value: named(model && (model.name ?? text.agents.sdkDefault), model) },
    { name: words.upstream, value: named(upstream?.name ?? null, upstream) },
    { name: words.language, value: text.agents.languages[language] },
    { name: words.sdk, value: agent.sdk_version ?? words.none },
    { name: words.export, value: <Exported agent={agent} /> },
    { name: words.testsGate, value: agent.tests_gate ? words.yes : words.no },
  ];
}

function named(name: string | null, from: { readonly source: Source } | null) {
  if (name === null || from === null) return words.none;
  const source = fill(words.from, { source: words.sources[from.source] });
  return (
    <>
      {name} <span className={styles.soft}>{source}</span>
    </>
  );
}

type Source = keyof typeof words.sources;

function Exported({ agent }: { readonly agent: Agent }) {
  const others = agent.exports.length > 1 ? fill(words.exports, { all: agent.exports.length }) : '';
  if (agent.export === null) return words.none;
  return (
    <>
      <code>{agent.export}</code>{' '}
      <span className={styles.soft} title={agent.exports.join(', ')}>
        {others}
      </span>
    </>
  );
}
