import { DropdownMenu as Radix } from 'radix-ui';
import type { ReactNode } from 'react';
import { Icon, type IconName } from './icon.tsx';
import styles from './menu.module.css';

export type MenuItem = {
  readonly label: string;
  readonly icon?: IconName;
  readonly onSelect: () => void;
  readonly danger?: boolean;
  readonly disabled?: boolean;
};

/** A button (`children`, which takes a ref) that opens a list of actions. */
export function Menu({
  children,
  items,
}: {
  readonly children: ReactNode;
  readonly items: readonly MenuItem[];
}) {
  return (
    <Radix.Root modal={false}>
      <Radix.Trigger asChild>{children}</Radix.Trigger>
      <Radix.Portal>
        <Radix.Content className={styles.menu} align="end" sideOffset={4}>
          {items.map((item) => (
            <Radix.Item
              key={item.label}
              className={`${styles.item} ${item.danger ? styles.danger : ''}`}
              disabled={item.disabled ?? false}
              onSelect={item.onSelect}
            >
              {item.icon && <Icon name={item.icon} />}
              {item.label}
            </Radix.Item>
          ))}
        </Radix.Content>
      </Radix.Portal>
    </Radix.Root>
  );
}
