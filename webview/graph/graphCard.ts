import type { ModelGraph } from '../../engine/shared/protocol/model';
import { formatPlural, formatShape, shorten } from '../../engine/shared/format';
import type { BoxLook } from './boxLooks';
import type { Box } from './scene';
import { add, addName } from '../ui/dom';

/** What a box is, in words: for the card, and for those who hear it. */
export function describeBox(box: Box, look: BoxLook, { nodes, groups }: ModelGraph): string {
  const group = groups[box.group ?? -1];
  const notes = [
    look.value,
    look.isFloat ? 'computes in float' : '',
    look.isWorst ? 'among the worst' : '',
  ].filter((note) => note !== '');
  const tail = notes.length === 0 ? '' : `, ${notes.join(', ')}`;
  if (group !== undefined) {
    const kind = group.kind === 'block' ? 'block' : 'group';
    const size = formatPlural(box.nodes, 'node');
    return `${shorten(group.name, 200)}, ${kind} of ${size}, ${box.isOpen ? 'open' : 'closed'}${tail}`;
  }
  const node = nodes[box.node ?? -1];
  if (node === undefined) return '';
  const kind = node.kind === 'operator' ? node.opType : `model ${node.kind}`;
  return `${shorten(kind, 100)} ${shorten(node.name, 200)}${tail}`;
}

/** Fills the card that tells what a box is. */
export function fillCard(card: HTMLElement, box: Box, look: BoxLook, graph: ModelGraph): void {
  card.replaceChildren();
  const group = graph.groups[box.group ?? -1];
  const node = graph.nodes[box.node ?? -1];
  const kind = node === undefined ? '' : node.kind === 'operator' ? node.opType : `Model ${node.kind}`;
  const title =
    group === undefined
      ? kind
      : `${group.kind === 'block' ? 'Block' : 'Group'} of ${formatPlural(box.nodes, 'node')}`;
  addName(card, 'strong', '', shorten(title, 100));
  addName(card, 'div', 'graph-card-name', group?.name ?? node?.name ?? '');
  const facts = [look.value, look.isFloat ? 'float' : '', look.isWorst ? '▲ among the worst' : ''];
  const told = facts.filter((fact) => fact !== '').join(' · ');
  if (told !== '') add(card, 'div', '', told);
  if (box.node !== null) {
    const reads = graph.edges.filter(({ to }) => to === box.node);
    const makes = graph.edges.filter(({ from }) => from === box.node);
    const [first] = makes;
    const list = (word: string, edges: typeof reads) => {
      for (const { tensor, dims } of edges.slice(0, 3))
        addName(
          card,
          'div',
          'muted',
          `${word} ${shorten(tensor, 60)}${dims === null ? '' : ` ${formatShape(dims)}`}`,
        );
    };
    list('reads', reads);
    if (first !== undefined) list('makes', [first]);
  }
  const hint =
    group !== undefined
      ? 'Double-click or Enter: open or close'
      : node?.layer === null || node === undefined
        ? ''
        : 'Double-click or Enter: the layer’s detail';
  if (hint !== '') add(card, 'div', 'muted', hint);
}
