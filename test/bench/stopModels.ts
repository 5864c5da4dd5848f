// What test/bench/stopBench.mjs stops: a model whose run does not end, and data for it, in the folder that is given.
import { writeEndless } from '../engine/endlessModel';

const [folder] = process.argv.slice(2);
if (folder === undefined) throw new Error('Say which folder.');
console.log(JSON.stringify(writeEndless(folder)));
