/** Sets that grow together: whatever was joined, directly or not, is in one group. */
export class Groups {
  private readonly parent = new Map<string, string>();

  private find(id: string): string {
    const parent = this.parent.get(id) ?? id;
    if (parent === id) return id;
    const root = this.find(parent);
    this.parent.set(id, root);
    return root;
  }

  join(a: string, b: string): void {
    const [one, other] = [this.find(a), this.find(b)];
    if (one !== other) this.parent.set(other, one);
  }

  /** `ids` by group, both in the order of `ids`. */
  of(ids: Iterable<string>): string[][] {
    const groups = new Map<string, string[]>();
    for (const id of ids) {
      const root = this.find(id);
      groups.set(root, [...(groups.get(root) ?? []), id]);
    }
    return [...groups.values()];
  }
}
