import { existsSync } from 'node:fs';
import type { Mount } from './types';

/** What a command with network needs of the host: name resolution, trusted certificates, proxies. */
export interface HostNetwork {
  mounts: Mount[];
  env: Record<string, string>;
}

const certificates = '/etc/ssl/certs/ca-certificates.crt';

/** Where distributions keep the bundle of trusted certificates. */
const bundles = [
  certificates,
  '/etc/pki/tls/certs/ca-bundle.crt',
  '/etc/ssl/ca-bundle.pem',
  '/etc/ssl/cert.pem',
] as const;

const proxyNames = ['http_proxy', 'https_proxy', 'ftp_proxy', 'all_proxy', 'no_proxy'];

/** Each program that may fetch has its own name for the bundle. */
const certificateNames = [
  'SSL_CERT_FILE',
  'CARGO_HTTP_CAINFO',
  'CURL_CA_BUNDLE',
  'GIT_SSL_CAINFO',
  'NODE_EXTRA_CA_CERTS',
  'PIP_CERT',
  'REQUESTS_CA_BUNDLE',
];

export function hostNetwork(env: NodeJS.ProcessEnv = process.env, exists = existsSync): HostNetwork {
  const files = ['/etc/resolv.conf', '/etc/hosts'].filter((file) => exists(file));
  const mounts: Mount[] = files.map((file) => ({ source: file, target: file }));
  const result: HostNetwork = { mounts, env: {} };
  const bundle = [env['SSL_CERT_FILE'], ...bundles].find((file) => file !== undefined && exists(file));
  if (bundle !== undefined) {
    mounts.push({ source: bundle, target: certificates });
    for (const name of certificateNames) result.env[name] = certificates;
  }
  for (const name of proxyNames.flatMap((lower) => [lower, lower.toUpperCase()])) {
    const value = env[name];
    if (value) result.env[name] = value;
  }
  return result;
}
