import { createHash } from 'node:crypto';

/** Upstream's namespace for image ids (contract 2.7). */
const imageNamespace = '7488fa35-6390-425b-bbbf-b156cfe1eed2';

/** A name-based UUID, version 5 (RFC 9562, section 5.5): the same namespace and name always give the same one. */
export function uuid5(namespace: string, name: string): string {
  const bytes = createHash('sha1')
    .update(Buffer.from(namespace.replaceAll('-', ''), 'hex'))
    .update(name)
    .digest()
    .subarray(0, 16);
  bytes[6] = ((bytes[6] ?? 0) & 0x0f) | 0x50;
  bytes[8] = ((bytes[8] ?? 0) & 0x3f) | 0x80;
  return bytes.toString('hex').replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
}

/** The id that an image has in manifests and on the device: its content decides it. */
export function imageId(sha256: string): string {
  return uuid5(imageNamespace, sha256);
}
