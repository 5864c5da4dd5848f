// Measures the networks of the zoo and writes docs/zoo.md, or docs/zoo-vnni.md: `npm run zoo [-- NAME… --ours --peer --latency --table]`. Without names
// all of them; `--ours`, `--peer` and `--latency` repeat that part alone, `--table` only writes the table from what was measured before.
import { writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { measureFloat, measureLatency, measureOurs, measurePeer, makeData } from './measure.mjs';
import { zooModels } from './models.mjs';
import { zooBenches, zooPython } from './programs.mjs';
import { zooFile, zooTable } from './zooTable.mjs';

const flag = { type: 'boolean', default: false };
const { values, positionals } = parseArgs({
  options: { ours: flag, peer: flag, latency: flag, table: flag },
  allowPositionals: true,
});
const unknown = positionals.find((name) => !zooModels.some((model) => model.name === name));
if (unknown !== undefined)
  throw new Error(
    `No model of the zoo is named ${unknown}: ${zooModels.map((model) => model.name).join(', ')}.`,
  );

if (!values.table) {
  const all = !values.ours && !values.peer && !values.latency;
  const python = zooPython();
  const bench = await zooBenches();
  const wanted = zooModels.filter(({ name }) => positionals.length === 0 || positionals.includes(name));
  for (const model of wanted) {
    const said = (what) => console.log(`${model.name}: ${what} …`);
    said('data and float');
    makeData(model, python);
    measureFloat(model);
    if (all || values.ours) {
      said('the workflow and each calibrator');
      measureOurs(model, bench);
    }
    if (all || values.peer) {
      said("the peer's settings");
      measurePeer(model, bench, python);
    }
    said('latency');
    measureLatency(model, bench);
  }
}
const file = zooFile();
writeFileSync(file, await zooTable());
console.log(`Wrote ${file}`);
