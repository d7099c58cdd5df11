import { AvocadoError } from '../error';

/** systemd.io/UIDS-GIDS: ordinary accounts get 1000 to 59999, system accounts 999 down to 100. */
const ordinary = { from: 1000, to: 59999, step: 1 };
const system = { from: 999, to: 100, step: -1 };

/** The numbers of one kind, users or groups, with the name that has each. */
export class IdTable {
  readonly #owner = new Map<number, string>();

  constructor(private readonly kind: 'uid' | 'gid') {}

  has(id: number): boolean {
    return this.#owner.has(id);
  }

  /** What the OS image already has: two names with one number are its own affair. */
  note(id: number, name: string): void {
    if (!this.#owner.has(id)) this.#owner.set(id, name);
  }

  /** @throws AvocadoError `ACCOUNT_ID_TAKEN` where another name has the number */
  claim(id: number, name: string): void {
    const owner = this.#owner.get(id);
    if (owner !== undefined && owner !== name) {
      throw new AvocadoError('ACCOUNT_ID_TAKEN', `${name}: ${this.kind} ${id} belongs to ${owner}`, {
        hint: `Choose another ${this.kind}, or leave it out to get a free one.`,
      });
    }
    this.#owner.set(id, name);
  }

  release(id: number, name: string): void {
    if (this.#owner.get(id) === name) this.#owner.delete(id);
  }

  /** The first number that is free here, and in `also` if given. */
  allocate(name: string, isSystem: boolean, also?: IdTable): number {
    const { from, to, step } = isSystem ? system : ordinary;
    for (let id = from; id !== to + step; id += step) {
      if (this.has(id) || also?.has(id)) continue;
      this.#owner.set(id, name);
      return id;
    }
    throw new AvocadoError('ACCOUNT_IDS_EXHAUSTED', `${name}: no ${this.kind} is free from ${from} to ${to}`);
  }
}
