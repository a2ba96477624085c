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
export function protobufFields(bytes: Uint8Array): Field[] {
  let offset = 0;
  const fields: Field[] = [];
  while (offset < bytes.length) {
    const tag = varint();
    const number = Math.floor(tag / 8);
    if (number === 0 || tag >= 2 ** 32) throw new Error(`protobuf: field number ${number}`);
    fields.push({ number, value: read(tag % 8) });
  }
  return fields;

  function read(wireType: number): Field["value"] {
    switch (wireType) {
      case 0:
        return { wire: "varint", value: bigVarint() };
      case 1:
        return { wire: "fixed64", bytes: view(take(8)) };
      case 2:
        return { wire: "bytes", bytes: take(varint()) };
      case 5:
        return { wire: "fixed32", bytes: view(take(4)) };
      default:
        throw new Error(`protobuf: wire type ${wireType}`);
    }
  }

  /** Tags and lengths: what a double does not hold to the last digit is more than any of them may be. */
  function varint(): number {
    const first = bytes[offset];
    if (first === undefined || first >= 128) return Number(bigVarint());
    offset += 1;
    return first;
  }

  function bigVarint(): bigint {
    // Four times seven bits fit a number.
    let low = 0;
    for (let shift = 0; shift < 28; shift += 7) {
      const byte = next();
      low |= (byte & 127) << shift;
      if (byte < 128) return BigInt(low);
    }
    let value = BigInt(low);
    for (let shift = 28n; shift < 70n; shift += 7n) {
      const byte = next();
      value |= BigInt(byte & 127) << shift;
      if (byte >= 128) continue;
      if (value >= 1n << 64n) throw new Error("protobuf: a varint over 64 bits");
      return value;
    }
    throw new Error("protobuf: a varint without end");
  }

  function next(): number {
    const byte = bytes[offset];
    if (byte === undefined) throw new Error("protobuf: 1 bytes wanted, 0 left");
    offset += 1;
    return byte;
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
