import {
  AttributeProto_AttributeType,
  type AttributeProto,
  type GraphProto,
  type TensorProto,
} from 'onnx-buf';
import { formatPlural } from '../../shared/format';
import { decodeText } from '../file/losslessStrings';
import { floatText } from './numberText';
import { quoteName, quoteText } from './quoteText';
import { listText, tensorType, tensorValues } from './tensorText';
import { typeText } from './typeText';

/** Longer lists show only their first values. */
const MAX_VALUES = 64;
const FIRST_VALUES = 8;
const T = AttributeProto_AttributeType;

/** The graphs that an attribute holds. */
export function bodiesOf({ g, graphs }: AttributeProto): GraphProto[] {
  return g === undefined ? graphs : [g];
}

function tensor(each: TensorProto | undefined): string {
  if (each === undefined) return '';
  const name = each.name === '' ? '' : `${quoteName(each.name)} `;
  return `${tensorType(each)} ${name}${tensorValues(each)}`;
}

function list<V>(values: V[], show: (value: V) => string): string {
  return values.length <= MAX_VALUES
    ? listText('[', values.map(show), null, ']')
    : listText('[', values.slice(0, FIRST_VALUES).map(show), formatPlural(values.length, 'value'), ']');
}

/** Type names of attributes that say no type by their form: empty lists, and lists of what has no brackets. */
function typeName(type: AttributeProto_AttributeType): string {
  return T[type].toLowerCase();
}

/** An attribute that holds no graph: `axis = 1`, `pads: ints = []`, `alpha: float = @slope`; long ones in several lines. */
export function attributeText(attribute: AttributeProto): string {
  const name = quoteName(attribute.name);
  const typed = `${name}: ${typeName(attribute.type)} = `;
  if (attribute.refAttrName !== '') return `${typed}@${quoteName(attribute.refAttrName)}`;
  switch (attribute.type) {
    case T.INT:
      return `${name} = ${attribute.i}`;
    case T.FLOAT:
      return `${name} = ${floatText(attribute.f)}`;
    case T.STRING:
      return `${name} = ${quoteText(decodeText(attribute.s))}`;
    case T.TENSOR:
      return `${name} = ${tensor(attribute.t)}`;
    case T.TYPE_PROTO:
      return `${name} = ${typeText(attribute.tp)}`;
    case T.INTS:
      return `${attribute.ints.length === 0 ? typed : `${name} = `}${list(attribute.ints, String)}`;
    case T.FLOATS:
      return `${attribute.floats.length === 0 ? typed : `${name} = `}${list(attribute.floats, floatText)}`;
    case T.STRINGS: {
      const strings = list(attribute.strings, (s) => quoteText(decodeText(s)));
      return `${attribute.strings.length === 0 ? typed : `${name} = `}${strings}`;
    }
    case T.TENSORS:
      return `${typed}${list(attribute.tensors, tensor)}`;
    case T.TYPE_PROTOS:
      return `${typed}${list(attribute.typeProtos, typeText)}`;
    case T.SPARSE_TENSOR:
      return `${typed}${tensor(attribute.sparseTensor?.values)}`;
    case T.SPARSE_TENSORS:
      return `${typed}${list(attribute.sparseTensors, (s) => tensor(s.values))}`;
    default:
      return `${typed}[]`;
  }
}
