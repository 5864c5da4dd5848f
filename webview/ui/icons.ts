import { select } from 'd3-selection';
import type { VerdictKind } from '../../engine/shared/protocol/report';

/** Strokes on a grid of 16 × 16. */
const shapes = {
  pass: 'M8 1.5a6.5 6.5 0 1 0 0 13a6.5 6.5 0 0 0 0-13zM5 8.2l2.2 2.2L11.2 6',
  fail: 'M8 1.5a6.5 6.5 0 1 0 0 13a6.5 6.5 0 0 0 0-13zM5.6 5.6l4.8 4.8M10.4 5.6l-4.8 4.8',
  warning: 'M8 2L14.5 13.5H1.5zM8 6.2v3.6M8 11.2v.9',
  info: 'M8 1.5a6.5 6.5 0 1 0 0 13a6.5 6.5 0 0 0 0-13zM8 7.2v4M8 4.6v.9',
  stopped: 'M8 1.5a6.5 6.5 0 1 0 0 13a6.5 6.5 0 0 0 0-13zM3.4 12.6l9.2-9.2',
  advice: 'M8 1.5a4.5 4.5 0 0 0-2 8.5v1.5h4V10a4.5 4.5 0 0 0-2-8.5zM6.2 14h3.6',
  up: 'M4 9.5L8 5.5L12 9.5',
  down: 'M4 6.5L8 10.5L12 6.5',
  right: 'M6.5 4L10.5 8L6.5 12',
  edit: 'M10.5 2.8l2.7 2.7L5.8 12.9l-3.4.7.7-3.4z',
  filter: 'M2 3.5h12M4.5 8h7M6.8 12.5h2.4',
  group: 'M2 3h5M5 7h9M5 11h9M5 3v8',
  columns: 'M2 2.5h12v11H2zM6 2.5v11M10 2.5v11',
  save: 'M8 2v8M4.5 7L8 10.5L11.5 7M2.5 13.5h11',
  close: 'M4 4l8 8M12 4l-8 8',
  data: 'M2.5 4c0-3 11-3 11 0v8c0 3-11 3-11 0zM2.5 4c0 2.7 11 2.7 11 0M2.5 8c0 2.7 11 2.7 11 0',
} as const;

export type IconName = keyof typeof shapes;

/** Appends an icon. With a label it speaks for itself; without one it only decorates. */
export function addIcon(parent: HTMLElement, name: IconName, label: string | null = null): SVGSVGElement {
  const element = parent.appendChild(document.createElementNS('http://www.w3.org/2000/svg', 'svg'));
  const svg = select(element).attr('class', `icon icon-${name}`).attr('viewBox', '0 0 16 16');
  svg.append('path').attr('d', shapes[name]);
  if (label === null) svg.attr('aria-hidden', 'true');
  else svg.attr('role', 'img').attr('aria-label', label).append('title').text(label);
  return element;
}

/**
 * Shows icons at the beginning of an element, and none at first. Most rows of a long list have none, and each that is only
 * hidden would still cost to lay out.
 */
export function optionalIcons(parent: HTMLElement): (names: readonly IconName[], label?: string) => void {
  let shown = '';
  let icons: SVGSVGElement[] = [];
  return (names, label) => {
    const wanted = JSON.stringify([names, label]);
    if (wanted === shown) return;
    shown = wanted;
    icons.forEach((icon) => icon.remove());
    icons = names.map((name) => addIcon(parent, name, label ?? null));
    parent.prepend(...icons);
  };
}

const verdictIcons: Record<VerdictKind, IconName> = {
  met: 'pass',
  missed: 'fail',
  inconclusive: 'info',
  'not-measurable': 'warning',
};

/** What stands for a verdict. */
export function verdictIcon({ kind }: { kind: VerdictKind }): IconName {
  return verdictIcons[kind];
}
