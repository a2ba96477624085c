/** Field 2, wire type 2. */
const MESSAGE_TAG = 0x12;

/**
 * `message` (field 2) of a google.rpc.Status in protobuf, the body of an OTLP/HTTP error. Total: of bytes that are no
 * such message it gives what was read before they made no sense, or an empty text.
 */
export function readStatusMessage(bytes: Uint8Array): string {
  let offset = 0;
  let message = "";
  while (offset < bytes.length) {
    const tag = varint();
    const length = lengthOf(tag & 7);
    const end = offset + length;
    if (!(end <= bytes.length)) return message;
    if (tag === MESSAGE_TAG) message = new TextDecoder().decode(bytes.subarray(offset, end));
    offset = end;
  }
  return message;

  /** Not a number for what cannot be read. */
  function lengthOf(wireType: number): number {
    if (wireType === 0) return varint() >= 0 ? 0 : Number.NaN;
    if (wireType === 1) return 8;
    if (wireType === 2) return varint();
    return wireType === 5 ? 4 : Number.NaN;
  }

  function varint(): number {
    let value = 0;
    for (let factor = 1; factor <= 2 ** 63; factor *= 128) {
      const byte = bytes[offset++];
      if (byte === undefined) return Number.NaN;
      value += (byte & 127) * factor;
      if (byte < 128) return value;
    }
    return Number.NaN;
  }
}
