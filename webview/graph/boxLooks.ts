import type { ModelGraph } from '../../engine/shared/protocol/model';
import { formatPlural, shorten } from '../../engine/shared/format';
import { groupLook, plainLook, type NodeLook } from './nodeLooks';
import { shortName, type Scene } from './scene';

/** A box as it is drawn. */
export interface BoxLook extends NodeLook {
  title: string;
  /** Below the title; empty where the box has room for one line. */
  line: string;
}

const kinds = { input: 'Input', output: 'Output', operator: '' } as const;

/** Texts and colours of a scene's boxes. */
export function boxLooks(
  { boxes }: Scene,
  { nodes, groups }: ModelGraph,
  looks: readonly NodeLook[],
): BoxLook[] {
  const held = new Map<number, NodeLook[]>();
  nodes.forEach(({ group }, i) => {
    for (let g = group; g !== null; g = groups[g]?.parent ?? null) {
      const list = held.get(g);
      const look = looks[i] ?? plainLook;
      if (list === undefined) held.set(g, [look]);
      else list.push(look);
    }
  });
  return boxes.map((box): BoxLook => {
    const fit = Math.max(4, Math.floor((box.width - 20) / 6.6));
    const group = groups[box.group ?? -1];
    if (box.group !== null && group !== undefined) {
      const look = box.isOpen ? plainLook : groupLook(held.get(box.group) ?? []);
      const sign = box.isOpen ? '−' : '+';
      const title = `${sign} ${shorten(shortName(group.name), fit - 2)}`;
      return { ...look, title, line: formatPlural(box.nodes, 'node') };
    }
    const node = nodes[box.node ?? -1];
    const look = looks[box.node ?? -1] ?? plainLook;
    if (node === undefined) return { ...look, title: '', line: '' };
    const isTall = box.height > 30;
    const room = fit - (look.value === '' ? 0 : look.value.length + 2);
    return {
      ...look,
      title: shorten(kinds[node.kind] || node.opType, Math.max(4, room)),
      line: isTall ? shorten(shortName(node.name), fit) : '',
    };
  });
}
