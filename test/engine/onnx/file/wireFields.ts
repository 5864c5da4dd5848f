import { ScalarType, type DescField, type DescMessage } from '@bufbuild/protobuf';

/** A message as its bytes say, with nothing interpreted: values of each field number, in their order. */
export type WireFields = Record<number, (string | WireFields)[]>;

/** How one number of a packed list is encoded (protobuf's wire types); undefined for what is never packed. */
function packedWireType(field: DescField | undefined): number | undefined {
  if (field?.fieldKind !== 'list' || field.listKind !== 'scalar') return undefined;
  switch (field.scalar) {
    case ScalarType.STRING:
    case ScalarType.BYTES:
      return undefined;
    case ScalarType.FLOAT:
      return 5;
    case ScalarType.DOUBLE:
      return 1;
    default:
      return 0;
  }
}

/**
 * Reads protobuf's wire format by itself, for comparison with what the library keeps. Repeated numbers come out
 * alike whether packed or not; numbers are varints in decimal or their bytes in hexadecimal.
 */
export function wireFields(schema: DescMessage, bytes: Uint8Array): WireFields {
  const fields: WireFields = {};
  let at = 0;
  const varint = () => {
    let value = 0n;
    for (let shift = 0n; ; shift += 7n) {
      const byte = bytes[at++] ?? 0;
      value |= BigInt(byte & 127) << shift;
      if (byte < 128) return value;
    }
  };
  const take = (length: number) => bytes.subarray(at, (at += length));
  const hex = (length: number) => Buffer.from(take(length)).toString('hex');
  const scalar = (wireType: number) => (wireType === 0 ? String(varint()) : hex(wireType === 1 ? 8 : 4));
  while (at < bytes.length) {
    const tag = Number(varint());
    const field = schema.fields.find((f) => f.number === tag >> 3);
    const values: WireFields[number] = [];
    if ((tag & 7) !== 2) {
      values.push(scalar(tag & 7));
    } else {
      const length = Number(varint());
      const packed = packedWireType(field);
      if (field?.message !== undefined) values.push(wireFields(field.message, take(length)));
      else if (packed === undefined) values.push(hex(length));
      else for (const end = at + length; at < end;) values.push(scalar(packed));
    }
    if (values.length > 0) (fields[tag >> 3] ??= []).push(...values);
  }
  return fields;
}
