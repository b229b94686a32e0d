import { useEffect, useState } from 'react';
import { useConnection } from '../api/live-context.ts';
import { text } from '../strings/text.ts';
import { Icon } from '../ui/icon.tsx';
import styles from './connection-banner.module.css';

const restartedShownMs = 6000;

/** Says when the page is cut off from the gateway, and when another life of it answers. */
export function ConnectionBanner() {
  const connection = useConnection();
  const [isOld, setOld] = useState(false);
  useEffect(() => {
    setOld(false);
    if (connection !== 'restarted') return;
    const timer = setTimeout(() => setOld(true), restartedShownMs);
    return () => clearTimeout(timer);
  }, [connection]);
  const isShown = connection !== 'live' && connection !== 'connecting' && !isOld;
  return (
    <div role="status" className={styles.place}>
      {isShown && (
        <p className={`${styles.banner} ${connection === 'restarted' ? styles.good : ''}`}>
          <Icon name={connection === 'restarted' ? 'check' : 'errors'} />
          {text.connection[connection]}
        </p>
      )}
    </div>
  );
}
