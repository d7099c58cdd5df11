type OptionalKey<T> = { [K in keyof T]: null extends T[K] ? K : undefined extends T[K] ? K : never }[keyof T];

/** `T` with the keys that may be null or undefined as optional ones. */
export type Compact<T> = { [K in Exclude<keyof T, OptionalKey<T>>]: T[K] } & {
  [K in OptionalKey<T>]?: NonNullable<T[K]>;
};

/** A copy without the keys that are null or undefined: absent keys keep outputs and hashes the same. */
export function compact<T extends object>(value: T): Compact<T> {
  return Object.fromEntries(
    Object.entries(value).filter(([, item]) => item !== null && item !== undefined),
  ) as Compact<T>;
}

/** `change` for each value; null counts as an empty section. Keeps the order. */
export function mapValues<In, Out>(
  record: Record<string, In | null> | null | undefined,
  change: (value: In, name: string) => Out,
): Record<string, Out> {
  const entries = Object.entries(record ?? {});
  return Object.fromEntries(entries.map(([name, value]) => [name, change(value ?? ({} as In), name)]));
}

/** Text of a value that is often written like a number. */
export function text(value: string | number): string;
export function text(value: string | number | null | undefined): string | undefined;
export function text(value: string | number | null | undefined): string | undefined {
  return value === null || value === undefined ? undefined : String(value);
}
