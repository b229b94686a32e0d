import type { ComponentProps } from 'react';
import styles from './button.module.css';
import { Icon, type IconName } from './icon.tsx';

type ButtonProps = ComponentProps<'button'> & {
  readonly variant?: 'plain' | 'primary' | 'danger' | 'ghost';
  readonly size?: 'small' | 'normal';
  readonly icon?: IconName;
  /** Whether the action goes on: the button stays focusable and takes no click. */
  readonly busy?: boolean;
};

/** A button. One without children needs an `aria-label`. */
export function Button({
  variant = 'plain',
  size = 'normal',
  icon,
  busy = false,
  className,
  children,
  onClick,
  ...rest
}: ButtonProps) {
  const classes = [styles.button, styles[variant], styles[size], className];
  return (
    <button
      type="button"
      {...rest}
      className={classes.filter(Boolean).join(' ')}
      aria-busy={busy || undefined}
      aria-disabled={busy || undefined}
      onClick={busy ? (event) => event.preventDefault() : onClick}
    >
      {icon && <Icon name={icon} size={size === 'small' ? 14 : 16} />}
      {children}
    </button>
  );
}
