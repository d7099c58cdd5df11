import { plainText } from '../qemu/console';
import { parseJournalLine, unitName } from '../qemu/journal';
import type { JournalLine } from '../qemu/journal';
import type { Device } from './device';

/**
 * The units' last lines and what comes from now on, until the connection or `signal` ends it. The first line may take a second: journalctl
 * reads what there is first.
 * @throws AvocadoError `DEVICE_CONNECTION_LOST`, `ABORTED`
 */
export async function followDeviceJournal(
  device: Device,
  units: readonly string[],
  { onLine, signal }: { onLine: (line: JournalLine) => void; signal: AbortSignal },
): Promise<void> {
  // --all: without it a long message is left out.
  const options = [
    '--boot',
    '--follow',
    '--lines=5',
    '--all',
    '--output=json',
    '--output-fields=MESSAGE,_SYSTEMD_UNIT',
  ];
  const matches = units.flatMap((unit, at) => [...(at > 0 ? ['+'] : []), `_SYSTEMD_UNIT=${unitName(unit)}`]);
  await device.run(['journalctl', ...options, ...matches], {
    signal,
    onLine: (text) => {
      const line = parseJournalLine(text);
      // A guest must not steer the terminal.
      if (line) onLine({ ...line, message: plainText(line.message) });
    },
  });
}
