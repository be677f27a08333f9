/** `avc1.64001f`: profile, constraints and level as in an SPS or avcC. */
export function avcCodec(sampleEntry: string, profile: number, constraints: number, level: number): string {
  return `${sampleEntry}.${hex(profile)}${hex(constraints)}${hex(level)}`;
}

/**
 * `hvc1.1.6.L93.B0` (ISO/IEC 14496-15 E.3). `profileTierLevel`: the 12 bytes of the general part, alike in SPS and hvcC.
 */
export function hevcCodec(sampleEntry: string, profileTierLevel: DataView): string {
  const first = profileTierLevel.getUint8(0);
  const space = ["", "A", "B", "C"][first >> 6];
  const compatibility = reverseBits(profileTierLevel.getUint32(1)).toString(16).toUpperCase();
  const tier = first & 0x20 ? "H" : "L";
  const constraints = [5, 6, 7, 8, 9, 10].map((at) => profileTierLevel.getUint8(at));
  while (constraints.at(-1) === 0) constraints.pop();
  return [
    sampleEntry,
    `${space}${first & 0x1f}`,
    compatibility,
    `${tier}${profileTierLevel.getUint8(11)}`,
    ...constraints.map((byte) => byte.toString(16).toUpperCase()),
  ].join(".");
}

/** `av01.0.04M.08` from bytes 1 and 2 of av1C (AV1 in ISO-BMFF, section 5). */
export function av1Codec(profileAndLevel: number, flags: number): string {
  const profile = profileAndLevel >> 5;
  const level = (profileAndLevel & 0x1f).toString().padStart(2, "0");
  const highDepth = (flags & 0x40) !== 0;
  const depth = highDepth ? (profile === 2 && flags & 0x20 ? "12" : "10") : "08";
  return `av01.${profile}.${level}${flags & 0x80 ? "H" : "M"}.${depth}`;
}

function hex(byte: number): string {
  return byte.toString(16).padStart(2, "0");
}

function reverseBits(word: number): number {
  let reversed = 0;
  for (let bit = 0; bit < 32; bit++) if (word & (1 << bit)) reversed |= 1 << (31 - bit);
  return reversed >>> 0;
}
