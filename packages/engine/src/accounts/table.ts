import { AvocadoError } from '../error';

/** Colon-separated lines by the name in their first field, in the order of the file; new ones are added at the end. */
export class AccountTable {
  readonly #rows = new Map<string, string[]>();

  constructor(
    text: string,
    private readonly file: string,
    private readonly width: number,
  ) {
    for (const line of text.split('\n')) {
      if (line.trim() === '') continue;
      const fields = line.split(':');
      const name = fields[0] ?? '';
      if (fields.length !== width || name === '') {
        throw new AvocadoError(
          'ACCOUNT_FILE_INVALID',
          `/etc/${file} of the OS image has a line of another form: ${line}`,
        );
      }
      // The first line of a name is the one that counts for libc, too.
      if (!this.#rows.has(name)) this.#rows.set(name, fields);
    }
  }

  names(): string[] {
    return [...this.#rows.keys()];
  }

  has(name: string): boolean {
    return this.#rows.has(name);
  }

  /** The field's text; `undefined` where there is no such line. */
  get(name: string, field: number): string | undefined {
    return this.#rows.get(name)?.[field];
  }

  /** Sets fields after the name; a line that is not there yet begins with `initial`, or with empty fields. */
  set(name: string, fields: Record<number, string>, initial: string[] = []): void {
    const row =
      this.#rows.get(name) ?? Array.from({ length: this.width }, (_, at) => (at === 0 ? name : (initial[at] ?? '')));
    for (const [at, value] of Object.entries(fields)) {
      if (/[:\n\r\0]/.test(value)) {
        throw new AvocadoError(
          'ACCOUNT_INVALID',
          `${name}: ${JSON.stringify(value)} cannot stand in /etc/${this.file}`,
          {
            hint: 'A field must not contain a colon or a line break.',
          },
        );
      }
      row[Number(at)] = value;
    }
    this.#rows.set(name, row);
  }

  toString(): string {
    return [...this.#rows.values()].map((fields) => `${fields.join(':')}\n`).join('');
  }
}
