import type { KeyboardEvent } from 'react';

/**
 * Enter takes the option that is shown as marked. A Select looks a number up for it instead, which it sets back a moment after the
 * list opened: who had typed by then saw a match marked and did not get it.
 */
export function takeMarked(event: KeyboardEvent<HTMLInputElement>) {
  if (event.key !== 'Enter' || event.nativeEvent.isComposing) return;
  const list = event.currentTarget.getAttribute('aria-controls');
  const marked = list === null ? null : document.getElementById(list)?.querySelector<HTMLElement>('[data-combobox-selected]');
  if (!marked) return;
  event.preventDefault();
  marked.click();
}
