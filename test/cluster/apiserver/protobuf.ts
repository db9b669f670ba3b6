import { isObject, type JsonObject } from './json.ts';
import { type MessageField, messageFields } from './protobufSchema.ts';

/** Protobuf bodies start with these bytes, followed by a runtime.Unknown. */
const MAGIC = Buffer.from('k8s\0');

/** Decodes a Kubernetes protobuf body into the object that the JSON form would give. Throws if it cannot. */
export function decodeProtobuf(body: Buffer): JsonObject {
  if (!body.subarray(0, MAGIC.length).equals(MAGIC))
    throw new Error('provided data is not protobuf');
  let apiVersion = '';
  let kind = '';
  let raw: Buffer = Buffer.alloc(0);
  for (const { number, bytes } of wireFields(body.subarray(MAGIC.length))) {
    if (number === 2) raw = bytes;
    if (number !== 1) continue;
    for (const inner of wireFields(bytes)) {
      if (inner.number === 1) apiVersion = inner.bytes.toString();
      if (inner.number === 2) kind = inner.bytes.toString();
    }
  }
  if (!messageFields(kind)) throw new Error(`no protobuf schema of ${kind}`);
  return { apiVersion, kind, ...decodeMessage(kind, raw) };
}

interface WireField {
  readonly number: number;
  readonly varint: bigint;
  /** Empty for numbers. */
  readonly bytes: Buffer;
}

function* wireFields(bytes: Buffer): Generator<WireField> {
  let position = 0;
  const varint = (): bigint => {
    let value = 0n;
    for (let shift = 0n; ; shift += 7n) {
      const byte = bytes.readUInt8(position++);
      value |= BigInt(byte & 0x7f) << shift;
      if (byte < 0x80) return value;
    }
  };
  while (position < bytes.length) {
    const tag = Number(varint());
    const number = tag >> 3;
    if ((tag & 7) === 0) yield { number, varint: varint(), bytes: Buffer.alloc(0) };
    else if ((tag & 7) === 2) {
      const length = Number(varint());
      yield { number, varint: 0n, bytes: bytes.subarray(position, position + length) };
      position += length;
    } else throw new Error(`unexpected protobuf wire type ${tag & 7}`);
  }
}

function decodeMessage(type: string, bytes: Buffer): JsonObject {
  const fields = messageFields(type);
  const object: JsonObject = {};
  for (const wire of wireFields(bytes)) {
    const field = fields?.get(wire.number);
    if (field) setField(object, field, wire);
  }
  return object;
}

function setField(object: JsonObject, { name, mark, type }: MessageField, wire: WireField): void {
  const old = object[name];
  if (type === 'map' || type === 'bytesMap' || type === 'Quantities') {
    const [key, value] = mapEntry(type, wire.bytes);
    object[name] = { ...(isObject(old) ? old : {}), [key]: value };
    return;
  }
  const value = decodeValue(type, wire);
  if (mark === '[]') object[name] = [...(Array.isArray(old) ? old : []), value];
  else if (mark === '^') Object.assign(object, value);
  // Go writes the zero values of plain fields, which JSON omits.
  else if (mark === '*' || (value !== '' && value !== 0 && value !== false)) object[name] = value;
}

function decodeValue(type: string, { varint, bytes }: WireField): unknown {
  switch (type) {
    case 'string':
      return bytes.toString();
    case 'bool':
      return varint !== 0n;
    case 'int':
      return Number(BigInt.asIntN(64, varint));
    case 'Quantity':
      return firstString(bytes);
    case 'IntOrString':
      return intOrString(bytes);
    default:
      return decodeMessage(type, bytes);
  }
}

function mapEntry(type: string, bytes: Buffer): [string, string] {
  let key = '';
  let value = '';
  for (const field of wireFields(bytes)) {
    if (field.number === 1) key = field.bytes.toString();
    else if (type === 'bytesMap') value = field.bytes.toString('base64');
    else value = type === 'Quantities' ? firstString(field.bytes) : field.bytes.toString();
  }
  return [key, value];
}

function firstString(bytes: Buffer): string {
  for (const { number, bytes: text } of wireFields(bytes)) {
    if (number === 1) return text.toString();
  }
  return '';
}

function intOrString(bytes: Buffer): number | string {
  let isString = false;
  let number = 0;
  let text = '';
  for (const field of wireFields(bytes)) {
    if (field.number === 1) isString = field.varint === 1n;
    if (field.number === 2) number = Number(BigInt.asIntN(64, field.varint));
    if (field.number === 3) text = field.bytes.toString();
  }
  return isString ? text : number;
}
