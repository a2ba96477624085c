/** One field of a protobuf message, as it is on the wire. */
export interface Field {
  readonly number: number;
  readonly value:
    | { readonly wire: "varint"; readonly value: bigint }
    | { readonly wire: "fixed64"; readonly bytes: DataView }
    | { readonly wire: "bytes"; readonly bytes: Uint8Array }
    | { readonly wire: "fixed32"; readonly bytes: DataView };
}

/** Splits a message into its fields. Throws on whatever does not parse to the last byte. */
export function* protobufFields(bytes: Uint8Array): Generator<Field> {
  let offset = 0;
  while (offset < bytes.length) {
    const tag = varint();
    const number = Number(tag >> 3n);
    if (number === 0 || tag >= 1n << 32n) throw new Error(`protobuf: field number ${number}`);
    yield { number, value: read(Number(tag & 7n)) };
  }

  function read(wireType: number): Field["value"] {
    switch (wireType) {
      case 0:
        return { wire: "varint", value: varint() };
      case 1:
        return { wire: "fixed64", bytes: view(take(8)) };
      case 2:
        return { wire: "bytes", bytes: take(Number(varint())) };
      case 5:
        return { wire: "fixed32", bytes: view(take(4)) };
      default:
        throw new Error(`protobuf: wire type ${wireType}`);
    }
  }

  function varint(): bigint {
    let value = 0n;
    for (let shift = 0n; shift < 70n; shift += 7n) {
      const byte = take(1)[0] as number;
      value |= BigInt(byte & 127) << shift;
      if (byte >= 128) continue;
      if (value >= 1n << 64n) throw new Error("protobuf: a varint over 64 bits");
      return value;
    }
    throw new Error("protobuf: a varint without end");
  }

  function take(length: number): Uint8Array {
    const end = offset + length;
    if (end > bytes.length) throw new Error(`protobuf: ${length} bytes wanted, ${bytes.length - offset} left`);
    const part = bytes.subarray(offset, end);
    offset = end;
    return part;
  }
}

function view(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
