/** Gives the focus to what comes into the page: as a `ref` it is called once for each. */
export function takeFocus(element: HTMLElement | null): void {
  element?.focus();
}
