import type { DataSummary, InputPreview, SamplePreview } from '../../engine/shared/protocol/data';
import { formatPlural, formatShape, formatValue } from '../../engine/shared/format';
import { addPictureExport } from '../export/addExport';
import { quoted, swatches, type Caption } from '../export/caption';
import { keyOf } from '../export/captioned';
import { regionPicture } from '../export/regionPicture';
import { dataName } from './dataSummary';
import { add, addName, addText, type Host } from '../ui/dom';
import { addIcon } from '../ui/icons';
import { addPicture } from './pictureView';

const WIDE_RATIO = 2;

/** Appends what looks wrong with the data, and its first samples as the model is fed with them; nothing where there is neither. */
export function addPreview(parent: HTMLElement, summary: DataSummary, host: Host): void {
  const { preview, warnings } = summary;
  if (preview.length === 0 && warnings.length === 0) return;
  const section = add(parent, 'section', 'preview');
  section.setAttribute('aria-label', preview.length === 0 ? 'Warnings' : 'First samples');
  if (warnings.length > 0) {
    const list = add(section, 'ul', 'data-warnings');
    for (const warning of warnings) {
      const item = add(list, 'li', '');
      addIcon(item, 'warning', 'Warning');
      addText(item, 'span', '', warning);
    }
  }
  if (preview.length === 0) return;
  const title = add(section, 'h2', '', 'First samples');
  add(title, 'span', 'muted', ` ${describeCount(summary)}`);
  const samples = add(section, 'ul', 'samples');
  samples.classList.toggle('wide', preview.some(isWide));
  preview.forEach((sample) => addSample(add(samples, 'li', 'sample'), sample));
  if (samples.querySelector('.wave') === null) return;
  const picture = regionPicture(samples, () => captionOf(samples, summary));
  addPictureExport(section, picture, () => `${dataName(summary.data)}-samples`, host);
}

function describeCount({ preview, calibrationSamples }: DataSummary): string {
  return `${preview.length} of ${calibrationSamples} that calibrate, as the model sees them`;
}

function captionOf(samples: HTMLElement, summary: DataSummary): Caption {
  return {
    title: `First samples of ${quoted(dataName(summary.data))}`,
    words: describeCount(summary),
    keys: [
      ...keyOf(
        samples,
        '.wave path',
        swatches.box,
        'from the least to the largest value, each curve to its own reach',
      ),
      ...keyOf(samples, '.wave line', swatches.line, 'zero'),
    ],
  };
}

function isWide({ inputs }: SamplePreview): boolean {
  return inputs.some(
    ({ picture }) => picture.kind !== 'image' || picture.width > WIDE_RATIO * picture.height,
  );
}

function addSample(card: HTMLElement, { name, truth, inputs, moreInputs }: SamplePreview): void {
  const several = inputs.length + moreInputs > 1;
  card.classList.toggle('single', !several);
  for (const input of inputs) {
    const figure = add(card, 'figure', 'input');
    addPicture(figure, input, `${name}, ${describe(input)}`);
    const caption = add(figure, 'figcaption', '');
    if (!several) addHeading(caption, name, truth);
    addFacts(caption, input, several);
  }
  if (moreInputs > 0) add(card, 'p', 'muted', `and ${formatPlural(moreInputs, 'input')} more`);
  if (!several) return;
  const head = add(card, 'div', 'sample-head');
  addHeading(head, name, truth);
  card.prepend(head);
}

function addHeading(parent: HTMLElement, name: string, truth: SamplePreview['truth']): void {
  addName(parent, 'strong', 'sample-name', name);
  if (truth === null) return;
  const line = add(parent, 'div', 'truth');
  add(line, 'span', 'muted', typeof truth === 'number' ? 'Class' : 'Truth');
  addName(line, 'span', '', String(truth));
}

function addFacts(parent: HTMLElement, input: InputPreview, named: boolean): void {
  const facts = add(parent, 'ul', 'facts');
  if (named) addName(facts, 'li', 'input-name', input.input);
  add(facts, 'li', '', formatShape(input.dims));
  if (input.type !== 'float32') add(facts, 'li', '', input.type);
  add(facts, 'li', '', rangeText(input));
  if (input.nonFinite === 0) return;
  const bad = add(facts, 'li', 'not-finite');
  addIcon(bad, 'warning', 'Warning');
  add(bad, 'span', '', `${formatPlural(input.nonFinite, 'value')} NaN or infinite`);
}

function rangeText({ type, dims, min, max, mean }: InputPreview): string {
  if (min === null || max === null || mean === null) return 'no numbers';
  // The mean of ids says nothing, and their ends are exact.
  const whole = !type.startsWith('float');
  const format = whole ? String : formatValue;
  if (min === max) return dims.every((dim) => dim === 1) ? format(min) : `${format(min)} everywhere`;
  const range = `${format(min)} to ${format(max)}`;
  // What a mean has beyond a thousandth of the range is noise.
  const step = (max - min) / 1000;
  return whole && type !== 'uint8' ? range : `${range}, mean ${formatValue(Math.round(mean / step) * step)}`;
}

/** What a picture shows, for those who do not see it. */
function describe(input: InputPreview): string {
  const kind = { image: 'image', wave: 'waveform', tokens: 'ids', table: 'numbers' }[input.picture.kind];
  return `input ${input.input}: ${kind} of shape ${formatShape(input.dims)}, ${rangeText(input)}`;
}
