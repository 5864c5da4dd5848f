import { TensorProto_DataType as T, type NodeProto, type TensorProto, type ValueInfoProto } from 'onnx-buf';
import { attribute } from '../graph/attributes';
import { constantTensor } from '../graph/liftConstants';

/** Operators whose first output has as many dimensions as their first input. */
const keepRank = new Set(
  (
    'Abs Add AveragePool BatchNormalization Cast Ceil Clip Concat Conv ConvTranspose Div Dropout Elu Exp Floor ' +
    'GlobalAveragePool GlobalMaxPool HardSigmoid Identity ImageScaler InstanceNormalization LRN LeakyRelu Log ' +
    'LogSoftmax Max MaxPool Min Mul Neg PRelu Pad Pow Reciprocal Relu Resize Selu Sigmoid Slice Softmax Softplus ' +
    'Softsign Split Sqrt Sub Sum Tanh Transpose Upsample'
  ).split(' '),
);
/** Of these the second input may have more dimensions. */
const stretching = new Set(['Add', 'Div', 'Max', 'Min', 'Mul', 'Pow', 'Sub', 'Sum']);

const madeTypes = new Map<string, number>([
  ...['Shape', 'Size', 'ArgMax', 'ArgMin', 'NonZero', 'NonMaxSuppression'].map((o) => [o, T.INT64] as const),
  ...['And', 'Equal', 'Greater', 'IsInf', 'IsNaN', 'Less', 'Not', 'Or', 'Xor'].map(
    (o) => [o, T.BOOL] as const,
  ),
]);
/** Operators whose outputs take their element type from elsewhere than the first input. */
const typedElsewhere = new Set(
  (
    'Constant ConstantOfShape DequantizeLinear EyeLike If Loop OneHot QuantizeLinear RandomNormal RandomUniform ' +
    'Scan SequenceAt TfIdfVectorizer Where ConvInteger MatMulInteger Range Multinomial'
  ).split(' '),
);

/** What a list of nodes with its declarations tells about tensors; asks the one around it for others. */
export class Facts {
  private readonly constants = new Map<string, TensorProto>();
  private readonly infos = new Map<string, ValueInfoProto>();
  private readonly producers = new Map<string, NodeProto>();
  private indexed = false;

  constructor(
    private readonly nodes: readonly NodeProto[],
    private readonly initializers: readonly TensorProto[],
    private readonly declarations: readonly ValueInfoProto[],
    private readonly around: Facts | undefined,
  ) {}

  /** Only on the first question: most steps ask none, and a graph may be large. */
  private index(): void {
    if (this.indexed) return;
    this.indexed = true;
    for (const tensor of this.initializers) this.constants.set(tensor.name, tensor);
    for (const info of this.declarations) this.infos.set(info.name, info);
    for (const node of this.nodes) for (const name of node.output) this.producers.set(name, node);
  }

  private knows(name: string): boolean {
    return this.constants.has(name) || this.infos.has(name) || this.producers.has(name);
  }

  tensor(name: string): TensorProto | undefined {
    this.index();
    const found = this.constants.get(name);
    if (found !== undefined) return found;
    if (!this.knows(name)) return this.around?.tensor(name);
    const producer = this.producers.get(name);
    if (producer?.opType !== 'Constant' || producer.attribute.some((a) => a.refAttrName !== ''))
      return undefined;
    return constantTensor(producer);
  }

  /** Follows a tensor back through nodes that keep a property, to the first place that tells it. */
  private trace<V>(
    name: string,
    told: (name: string, facts: Facts) => V | undefined,
    source: (node: NodeProto, output: string, facts: Facts) => string | undefined,
  ): V | undefined {
    this.index();
    const seen = new Set<string>();
    for (let at: string | undefined = name; at !== undefined && at !== '' && !seen.has(at);) {
      seen.add(at);
      if (!this.knows(at)) return this.around?.trace(at, told, source);
      const found = told(at, this);
      if (found !== undefined) return found;
      const producer = this.producers.get(at);
      at = producer === undefined ? undefined : source(producer, at, this);
    }
    return undefined;
  }

  private declared(name: string) {
    const value = this.infos.get(name)?.type?.value;
    return value?.case === 'tensorType' ? value.value : undefined;
  }

  rank(name: string): number | undefined {
    return this.trace(
      name,
      (at, facts) => {
        const tensor = facts.tensor(at);
        if (tensor !== undefined) return tensor.dims.length;
        // A shape without dimensions may be one that nobody filled in.
        const declared = facts.declared(at)?.shape?.dim.length ?? 0;
        if (declared > 0) return declared;
        const producer = facts.producers.get(at);
        return producer?.opType === 'Gemm' || producer?.opType === 'Flatten' ? 2 : undefined;
      },
      (node, _, facts) => {
        const [first, ...others] = node.input;
        if (!keepRank.has(node.opType)) return undefined;
        // A list or a single number stretches nothing; of other tensors it is not known.
        const narrow = others.every((o) => (facts.tensor(o)?.dims.length ?? Infinity) <= 1);
        return narrow || !stretching.has(node.opType) ? first : undefined;
      },
    );
  }

  elementType(name: string): number | undefined {
    return this.trace(
      name,
      (at, facts) => {
        const known = facts.tensor(at)?.dataType ?? facts.declared(at)?.elemType;
        if (known !== undefined && known !== (T.UNDEFINED as number)) return known;
        const producer = facts.producers.get(at);
        const cast = producer?.opType === 'Cast' ? attribute(producer, 'to') : undefined;
        return cast !== undefined && cast.i !== 0n ? Number(cast.i) : madeTypes.get(producer?.opType ?? '');
      },
      (node, output) =>
        typedElsewhere.has(node.opType) || node.output[0] !== output || node.domain !== ''
          ? undefined
          : node.input[0],
    );
  }
}
