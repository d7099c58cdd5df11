import { readdirSync } from 'node:fs';
import { join } from 'node:path';

test('the data of the feeds holds no links: npm leaves them out of what it packs', () => {
  const entries = readdirSync(join(__dirname, '../../feeds'), { recursive: true, withFileTypes: true });
  expect(entries.length).toBeGreaterThan(10);
  expect(entries.filter((entry) => entry.isSymbolicLink()).map(({ name }) => name)).toEqual([]);
});
