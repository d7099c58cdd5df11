/** What [Install] of a unit file says (systemd.unit(5)); the lists in the order of the file. */
export interface InstallSection {
  wantedBy: string[];
  requiredBy: string[];
  upheldBy: string[];
  alias: string[];
  also: string[];
  defaultInstance?: string;
}

const lists = {
  WantedBy: 'wantedBy',
  RequiredBy: 'requiredBy',
  UpheldBy: 'upheldBy',
  Alias: 'alias',
  Also: 'also',
} as const;

/** @returns undefined where the unit has no [Install], or nothing in it that enabling could follow */
export function parseInstall(text: string): InstallSection | undefined {
  const install: InstallSection = { wantedBy: [], requiredBy: [], upheldBy: [], alias: [], also: [] };
  let section = '';
  for (const line of logicalLines(text)) {
    const header = /^\[(.+)\]$/.exec(line);
    if (header) section = header[1] ?? '';
    const [, key = '', value = ''] = /^([^=\s]+)\s*=\s*(.*)$/.exec(line) ?? [];
    if (section !== 'Install') continue;
    if (key === 'DefaultInstance') {
      if (value === '') delete install.defaultInstance;
      else install.defaultInstance = value;
    }
    if (!Object.hasOwn(lists, key)) continue;
    const list = lists[key as keyof typeof lists];
    // An empty assignment takes back what stood before.
    install[list] = value === '' ? [] : [...install[list], ...value.split(/\s+/)];
  }
  const found = Object.values(lists).some((list) => install[list].length > 0);
  return found ? install : undefined;
}

/** Lines without comments, with those joined that end in a backslash. */
function logicalLines(text: string): string[] {
  const lines: string[] = [];
  let open = '';
  for (const raw of text.split('\n')) {
    const line = raw.trim();
    // A comment within a continued line is left out, and the line goes on.
    if (/^[#;]/.test(line)) continue;
    if (line.endsWith('\\')) {
      open += `${line.slice(0, -1)} `;
      continue;
    }
    const whole = (open + line).trim();
    open = '';
    if (whole !== '') lines.push(whole);
  }
  if (open.trim() !== '') lines.push(open.trim());
  return lines;
}
