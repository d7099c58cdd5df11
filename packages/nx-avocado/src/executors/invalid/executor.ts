/** Stands for every task of a project whose avocado.yaml has errors, and says which. */
export default function invalidExecutor({ error }: { error: string }): Promise<{ success: boolean }> {
  process.stderr.write(`\n${error}\n`);
  return Promise.resolve({ success: false });
}
