// Makes sample/upright from sample/lines: every other line stands on its head. Run it again after that was changed.
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { readSync, writeSync } from 'image-js';

const root = join(import.meta.dirname, '..');
const from = join(root, 'sample/lines');
const to = join(root, 'sample/upright');
const PARTS = { calibration: 32, evaluation: 64 };

const lines = JSON.parse(readFileSync(join(from, 'quantscope.json'), 'utf8'));
rmSync(to, { recursive: true, force: true });
mkdirSync(to);
const parts = Object.entries(PARTS).map(([part, count]) => [
  part,
  lines[part].slice(0, count).map(({ file }, i) => {
    const truth = i % 2;
    const image = readSync(join(from, file));
    writeSync(join(to, file), truth === 1 ? image.rotate(180) : image);
    return { file, truth };
  }),
]);
const manifest = {
  version: 1,
  metric: 'top1',
  preprocess: {
    layout: 'NCHW',
    color: 'BGR',
    resize: { mode: 'keep-aspect', height: 48 },
    mean: 127.5,
    std: 127.5,
    pad: { minWidth: 192, value: 0 },
  },
  ...Object.fromEntries(parts),
};
writeFileSync(join(to, 'quantscope.json'), `${JSON.stringify(manifest, null, 2)}\n`);
