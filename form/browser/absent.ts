/**
 * Stands in the bundle for the curves P-256 and P-384 and for scrypt, which age-encryption brings for recipients that no call has.
 *
 * The curves have the shape of a curve, because it is looked at when the library is loaded; using one throws. sealing.ts lets no recipient
 * through that would, and a test opens what the built worker sealed.
 */

function absent(): never {
  throw new Error("not part of this form");
}

const curve = {
  lengths: { secretKey: 32, publicKey: 33, publicKeyUncompressed: 65, seed: 48 },
  Point: { Fn: {} },
  keygen: absent,
  getPublicKey: absent,
  getSharedSecret: absent,
};

export { curve as p256, curve as p384, absent as scrypt };
