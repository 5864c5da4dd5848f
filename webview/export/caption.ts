import { shorten } from '../../engine/shared/format';

/** Something in a picture and what it stands for. */
export interface LegendKey {
  text: string;
  /** Path data in a cell of `KEY_SIZE` pixels. */
  d: string;
  /** Attributes of the path: its colours as what is drawn has them. */
  paint: Readonly<Record<string, string>>;
}

/** What a saved picture tells of itself above what it shows, so that nobody has to know where it came from. */
export interface Caption {
  title: string;
  /** Below the title; empty for none. */
  words: string;
  keys: readonly LegendKey[];
}

export type CaptionPart = 'title' | 'words' | 'key';

export interface CaptionLayout {
  /** Pixels down to where the picture begins. */
  height: number;
  /** `y` is of the baseline. */
  texts: { x: number; y: number; part: CaptionPart; text: string }[];
  /** Where cells have their upper left corners. */
  swatches: { x: number; y: number; key: LegendKey }[];
}

const KEY_SIZE = { width: 14, height: 12 };
/** Pixels around a picture. */
export const MARGIN = 12;
const LINES = { title: 18, words: 15, key: 17 };
/** What is longer ends with an ellipsis. */
const MOST_LINES = { title: 3, words: 6 };
const NAME_LENGTH = 80;

/** Shapes of what legends show. */
export const swatches = {
  box: 'M1 1h12v10h-12z',
  line: 'M0 6h14',
  upright: 'M7 0v12',
  dot: 'M3 6a4 4 0 1 0 8 0a4 4 0 1 0 -8 0z',
  diamond: 'M7 1L12 6L7 11L2 6z',
  triangle: 'M3 3h8l-4 7z',
  peak: 'M7 1l5 10h-10z',
  bar: 'M7 1v10M4 1h6M4 11h6',
  comb: 'M1 11v-5M4 11v-5M7 11v-5M10 11v-5M13 11v-5',
};

/** A name from a model file in a sentence: cut, and kept from turning the direction of what surrounds it. */
export function quoted(name: string, length = NAME_LENGTH): string {
  // Its own controls could end the isolate around it.
  return `\u2068${shorten(name.replace(/[\u202a-\u202e\u2066-\u2069]/g, ''), length)}\u2069`;
}

/** Lines of which each holds its part of a quoted name that they break. */
function isolated(lines: readonly string[]): string[] {
  let isOpen = false;
  return lines.map((line) => {
    const begun = isOpen ? `\u2068${line}` : line;
    isOpen = begun.lastIndexOf('\u2068') > begun.lastIndexOf('\u2069');
    return isOpen ? `${begun}\u2069` : begun;
  });
}

/** Lines no wider than `width`, broken at spaces, and within words that are wider alone; `most` of them. */
export function wrapText(
  text: string,
  width: number,
  most: number,
  widthOf: (text: string) => number,
): string[] {
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(/\s+/).filter((one) => one !== '')) {
    const longer = line === '' ? word : `${line} ${word}`;
    if (widthOf(longer) <= width) {
      line = longer;
      continue;
    }
    if (line !== '') lines.push(line);
    line = '';
    for (const character of word) {
      if (line !== '' && widthOf(line + character) > width) {
        lines.push(line);
        line = '';
      }
      line += character;
    }
  }
  if (line !== '') lines.push(line);
  if (lines.length <= most) return isolated(lines);
  let last = Array.from(lines[most - 1] ?? '');
  while (last.length > 0 && widthOf(`${last.join('')}…`) > width) last = last.slice(0, -1);
  return isolated([...lines.slice(0, most - 1), `${last.join('').trimEnd()}…`]);
}

/** Where a caption's lines stand above a picture that is `width` pixels wide, without drawing them. */
export function layOutCaption(
  { title, words, keys }: Caption,
  width: number,
  widthOf: (text: string, part: CaptionPart) => number,
): CaptionLayout {
  const texts: CaptionLayout['texts'] = [];
  let y = MARGIN;
  const write = (text: string, part: 'title' | 'words') => {
    for (const line of wrapText(text, width, MOST_LINES[part], (one) => widthOf(one, part))) {
      y += LINES[part];
      texts.push({ x: MARGIN, y: y - 4, part, text: line });
    }
  };
  write(title, 'title');
  write(words, 'words');
  const placed: CaptionLayout['swatches'] = [];
  let x = 0;
  if (keys.length > 0) y += LINES.key;
  for (const key of keys) {
    const size = KEY_SIZE.width + 5 + widthOf(key.text, 'key');
    if (x > 0 && x + size > width) {
      x = 0;
      y += LINES.key;
    }
    placed.push({ x: MARGIN + x, y: y - KEY_SIZE.height - 1, key });
    texts.push({ x: MARGIN + x + KEY_SIZE.width + 5, y: y - 3, part: 'key', text: key.text });
    x += size + 14;
  }
  return { height: y + 8, texts, swatches: placed };
}
