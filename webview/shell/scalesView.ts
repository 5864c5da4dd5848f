import type { QuantizedModel } from '../../engine/shared/protocol/model';
import { describeForm, formatPlural, formatRange, formatScaleCount } from '../../engine/shared/format';
import { add, addName } from '../ui/dom';

/** Rows of the table; `quantscope inspect` lists them all. */
const MOST_ROWS = 200;

/** Appends how a file is quantized as it comes: a line, and the scales of its tensors. */
export function addScales(parent: HTMLElement, { form, layers, tensors }: QuantizedModel): void {
  const section = add(parent, 'section', 'scales');
  section.setAttribute('aria-label', 'Quantized already');
  add(section, 'h2', '', `Quantized already: ${formatPlural(layers.length, 'layer')} ${describeForm(form)}`);
  const frame = add(section, 'div', 'scales-frame');
  // Without a stop for the keyboard, what overflows could not be reached by it.
  frame.tabIndex = 0;
  frame.setAttribute('role', 'group');
  frame.setAttribute('aria-label', 'Scales');
  const table = add(frame, 'table', 'clip-table');
  const head = add(add(table, 'thead', ''), 'tr', '');
  ['Tensor', 'Kind', 'Type', 'Scales', 'Scale', 'Zero point'].forEach((title) => {
    add(head, 'th', '', title).scope = 'col';
  });
  const body = add(table, 'tbody', '');
  for (const tensor of tensors.slice(0, MOST_ROWS)) {
    const row = add(body, 'tr', '');
    const title = addName(row, 'th', '', tensor.tensor);
    title.scope = 'row';
    title.dataset['tensor'] = tensor.tensor;
    const cells = [tensor.kind, tensor.type, formatScaleCount(tensor)];
    for (const text of [...cells, formatRange(tensor.scale), formatRange(tensor.zeroPoint)]) {
      add(row, 'td', '', text);
    }
  }
  const more = tensors.length - MOST_ROWS;
  if (more > 0)
    add(section, 'p', 'muted', `and ${formatPlural(more, 'tensor')} more; “quantscope inspect” lists them.`);
}
