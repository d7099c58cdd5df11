import { execFile } from 'node:child_process';

/** Runs a command on a device by the system's ssh: root, no password. @returns its standard output */
export function ssh(port: number, command: string): Promise<string> {
  const known = ['StrictHostKeyChecking=no', 'UserKnownHostsFile=/dev/null', 'LogLevel=ERROR'];
  const only = ['PreferredAuthentications=none,password', 'BatchMode=yes', 'ConnectTimeout=120'];
  const args = [...known, ...only].flatMap((option) => ['-o', option]);
  return new Promise((resolve, reject) => {
    execFile('ssh', [...args, '-p', String(port), 'root@localhost', command], (error, stdout, stderr) =>
      error && stdout === '' ? reject(new Error(stderr)) : resolve(stdout),
    );
  });
}
