/** `1.4 MB`: decimal, as disks are sold and as the other tasks print sizes. */
export function megabytes(bytes: number): string {
  const sign = bytes < 0 ? '−' : '';
  const size = Math.abs(bytes);
  if (size < 1000) return `${sign}${size} B`;
  if (size < 1e6) return `${sign}${(size / 1e3).toFixed(1)} kB`;
  return size < 1e9 ? `${sign}${(size / 1e6).toFixed(1)} MB` : `${sign}${(size / 1e9).toFixed(2)} GB`;
}

/** `+1.4 MB`, `−3 B`, `same` */
export function change(bytes: number): string {
  return bytes === 0 ? 'same' : `${bytes > 0 ? '+' : ''}${megabytes(bytes)}`;
}

/** @param milliseconds `1.24 s` */
export function seconds(milliseconds: number): string {
  return `${(milliseconds / 1000).toFixed(milliseconds < 10_000 ? 2 : 1)} s`;
}
