import { Link } from '@tanstack/react-router';
import type { ReactNode } from 'react';
import styles from './back-link.module.css';
import { Icon } from './icon.tsx';

/** Leads from one thing back to the list of all. */
export function BackLink(props: {
  readonly to: '/agents' | '/tools' | '/runs' | '/keys';
  readonly children: ReactNode;
}) {
  return (
    <Link to={props.to} className={styles.back ?? ''}>
      <Icon name="chevron" size={14} />
      {props.children}
    </Link>
  );
}
