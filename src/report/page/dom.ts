import { terminalSafe } from '../../output/terminalSafe.ts';

/** A child of an element: another element, or text, which is never parsed as markup. */
export type Child = string | Node | undefined;

/** Attributes, and listeners under names that begin with "on". */
export type Attributes = Readonly<
  Record<string, string | number | boolean | EventListener | undefined>
>;

const SVG = 'http://www.w3.org/2000/svg';

export function element<Name extends keyof HTMLElementTagNameMap>(
  name: Name,
  attributes: Attributes = {},
  ...children: readonly Child[]
): HTMLElementTagNameMap[Name] {
  const created = document.createElement(name);
  setContent(created, attributes, children);
  return created;
}

export function svg<Name extends keyof SVGElementTagNameMap>(
  name: Name,
  attributes: Attributes = {},
  ...children: readonly Child[]
): SVGElementTagNameMap[Name] {
  const created = document.createElementNS(SVG, name);
  setContent(created, attributes, children);
  return created;
}

export function byId(id: string): HTMLElement | null {
  return document.getElementById(id);
}

/** Scrolls to an element and moves the keyboard focus to it. */
export function goTo(target: HTMLElement | null | undefined): void {
  if (!target) return;
  if (target.tabIndex < 0) target.tabIndex = -1;
  target.scrollIntoView({ block: 'start' });
  target.focus({ preventScroll: true });
}

function setContent(target: Element, attributes: Attributes, children: readonly Child[]): void {
  for (const [name, value] of Object.entries(attributes)) {
    if (value === undefined || value === false) continue;
    if (typeof value === 'function') target.addEventListener(name.slice(2), value);
    else target.setAttribute(name, value === true ? '' : terminalSafe(String(value)));
  }
  for (const child of children)
    if (child !== undefined)
      // Characters that reorder or hide text are made visible, as on a terminal.
      target.append(typeof child === 'string' ? terminalSafe(child) : child);
}
