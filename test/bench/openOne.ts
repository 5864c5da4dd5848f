// Opens one model as the engine does and prints seconds and bytes of memory, as JSON.
import { checkModel } from '../../engine/onnx/file/checkModel';
import { readModelFile } from '../../engine/onnx/file/readModel';
import { normalize } from '../../engine/onnx/normalize/normalize';

const peak = () => process.resourceUsage().maxRSS * 1024;

const before = peak();
const start = performance.now();
const { model } = await readModelFile(process.argv[2] ?? '');
const load = (performance.now() - start) / 1000;
checkModel(model);
let failure: string | null = null;
try {
  normalize(model);
} catch (thrown) {
  failure = String(thrown).slice(0, 80);
}
const all = (performance.now() - start) / 1000;
console.log(JSON.stringify({ load, all, memory: peak() - before, failure }));
