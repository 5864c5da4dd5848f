// What the project holds its integer models to, and whether a measured one does.
const MOST_DROP = 0.01;
const MOST_FLOAT = 0.03;
const MOST_BYTES = 0.3;
const LARGE = 1e6;
/** Two medians that lie nearer are not told apart. */
const EQUAL = 0.02;

const percent = (value, digits = 1) => `${(100 * value).toFixed(digits)}%`.replace(/^-/, '−');
const isRecurrent = ({ opType }) => opType === 'LSTM' || opType === 'GRU';

/** Multiply-adds of layers in float over those of all layers. */
export function shareInFloat(layers) {
  const sum = (list) => list.reduce((all, { multiplyAdds }) => all + multiplyAdds, 0);
  return sum(layers.filter(({ integer }) => !integer)) / sum(layers);
}

/** A sentence's part for each bar: what was measured, and "met" or "missed". */
export function verdicts({ float, ours, peer, latency }) {
  if (ours.failure !== undefined) return ['**missed** altogether, it fails'];
  const said = (met, text) => `${text} ${met ? 'met' : '**missed**'}`;
  const drop = (float.score - ours.score) / float.score;
  const share = shareInFloat(ours.layers);
  const recurrent = ours.layers.filter((layer) => isRecurrent(layer) && !layer.integer);
  const rest = shareInFloat(ours.layers.filter((layer) => !recurrent.includes(layer)));
  const without =
    recurrent.length === 0
      ? ''
      : `, ${percent(rest)} without ${recurrent.map(({ opType }) => opType).join(', ')}`;
  const list = [
    said(drop <= MOST_DROP, `drop ${percent(drop, 2)}`),
    said(rest <= MOST_FLOAT, `multiply-adds in float ${percent(share)}${without}`),
  ];
  if (float.bytes > LARGE)
    list.push(said(ours.bytes / float.bytes <= MOST_BYTES, `bytes ${percent(ours.bytes / float.bytes, 0)}`));
  if (latency?.ours === undefined) return [...list, 'latency not measured'];
  const { median } = latency.ours.ratio;
  list.push(said(median <= 1 + EQUAL, `latency ${median.toFixed(2)} of float's`));
  if (peer === undefined) return [...list, 'the peer was not run'];
  const best = latency['peer-best']?.milliseconds.median;
  if (best === undefined || peer.best === undefined) return [...list, 'the peer has no model to race'];
  const raced = latency.ours.milliseconds.median / best;
  const worse = (float.score - peer.best.score) / float.score > MOST_DROP ? ' (whose drop is above 1%)' : '';
  return [...list, said(raced <= 1 + EQUAL, `${raced.toFixed(2)} of the peer's best${worse}`)];
}
