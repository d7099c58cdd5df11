import { readFile, stat } from 'node:fs/promises';
import type { Reporter } from '../../report';
import { sha256, storePath, writeFileAtomic } from '../../store';

/** Of a container engine's images, beside `SdkImages`: engines without names that move have none of it. */
export interface MovingImages {
  /** What the name stands for now, in the form of a pin, where a registry or this machine tells. */
  newest?(name: string): Promise<string | undefined>;
}

interface Pin {
  /** `sdk.image` as avocado.yaml has it. */
  name: string;
  /** What the lock has for it. */
  pinned: string;
}

/** How long an answer is good for, in ms: a public registry counts who asks it. */
const day = 24 * 60 * 60 * 1000;

/** Pins that this process has spoken about. */
const told = new Set<string>();

/**
 * Says, once in a process, that `sdk.image` stands for another image now than the one that is pinned, and is built with.
 * For who runs something in it: the registry is asked once a day, a build that is cached asks nobody. Never an error.
 */
export async function tellMoved(pin: Pin, images: MovingImages, reporter: Pick<Reporter, 'notice'>): Promise<void> {
  const key = sha256(`${pin.name}\0${pin.pinned}`);
  if (told.has(key)) return;
  told.add(key);
  const newest = await remembered(storePath('images', key), () => images.newest?.(pin.name)).catch(() => undefined);
  if (newest === undefined || newest === pin.pinned) return;
  reporter.notice(
    `sdk.image ${pin.name} stands for another image now than avocado.lock pins; to move on: nx g nx-avocado:lock --update`,
  );
}

/** The answer of a day, also that there is none: nobody waits for a registry out of reach again and again. */
async function remembered(
  file: string,
  ask: () => Promise<string | undefined> | undefined,
): Promise<string | undefined> {
  const { mtimeMs } = await stat(file).catch(() => ({ mtimeMs: 0 }));
  if (Date.now() - mtimeMs < day) return (await readFile(file, 'utf8')) || undefined;
  const answer = await ask();
  await writeFileAtomic(file, answer ?? '');
  return answer;
}
