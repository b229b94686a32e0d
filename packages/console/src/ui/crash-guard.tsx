import { Component, type ReactNode } from 'react';
import { text } from '../strings/text.ts';
import { EmptyState } from './states.tsx';

type Crash = { readonly error: unknown };

/** Keeps a part of the page that throws from taking the rest with it. React knows no such guard but a class. */
export class CrashGuard extends Component<{ readonly children: ReactNode }, Crash> {
  override state: Crash = { error: null };

  static getDerivedStateFromError(error: unknown): Crash {
    return { error };
  }

  override render(): ReactNode {
    const { error } = this.state;
    if (error === null) return this.props.children;
    return (
      <EmptyState icon="errors" title={text.common.crash}>
        <p>{text.common.crashHint}</p>
        <pre>{String(error)}</pre>
      </EmptyState>
    );
  }
}
