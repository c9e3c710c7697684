// SPDX-License-Identifier: Apache-2.0
import { readFileSync } from 'node:fs';
import { arch, platform, release } from 'node:os';
import { basename, join } from 'node:path';
import manifest from '../package.json' with { type: 'json' };
import type { WorkerIdentity } from './options.ts';

/** Makes the `data` of `engine::workers::register`; what cannot change is worked out once. */
export function createAnnouncement(identity: WorkerIdentity): () => Record<string, unknown> {
  const { telemetry } = identity;
  const amplitudeKey = telemetry.amplitude_api_key;
  const announcement = {
    runtime: 'node',
    version: manifest.version,
    name: identity.name,
    ...(identity.description === undefined ? {} : { description: identity.description }),
    os: `${platform()} ${release()} (${arch()})`,
    pid: process.pid,
    isolation: identity.isolation,
    ...(identity.namespace === undefined ? {} : { namespace: identity.namespace }),
    telemetry: {
      language: telemetry.language ?? detectLanguage(identity.languageHint),
      project_name: telemetry.project_name ?? detectProject(process.cwd()),
      framework: telemetry.framework?.trim() || 'iii-node',
      ...(amplitudeKey === undefined ? {} : { amplitude_api_key: amplitudeKey }),
    },
  };
  return () => announcement;
}

function detectLanguage(hint: string | undefined): string | undefined {
  return Intl.DateTimeFormat().resolvedOptions().locale || hint?.split('.')[0];
}

/** Name in the folder's package.json, else the folder's name. */
function detectProject(folder: string): string {
  try {
    const found: unknown = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
    const name = (found as { name?: unknown } | null)?.name;
    if (typeof name === 'string' && name.trim() !== '') return name.trim();
  } catch {
    // No readable manifest: the folder's name stands in.
  }
  return basename(folder);
}
