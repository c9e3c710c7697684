// SPDX-License-Identifier: Apache-2.0
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';

/** Says which process works in a folder; two would overwrite each other's decisions. */
export interface FolderLock {
  release(): void;
}

/** The folder is in use. */
export class FolderInUseError extends Error {
  readonly code = 'STORE_IN_USE';
  readonly folder: string;

  constructor(folder: string, owner: string) {
    super(
      `the folder "${folder}" is in use by ${owner}: stop that one, or give this one a folder of its own`,
    );
    this.name = 'FolderInUseError';
    this.folder = folder;
  }
}

interface Owner {
  readonly pid: number;
  readonly host: string;
  /** Tells a process from a later one with the same pid; pids repeat, above all in containers. */
  readonly started: string;
}

const FILE = 'owner.lock';

/**
 * Takes a folder for this process; a lock whose process is gone is taken over.
 * @throws FolderInUseError while its owner lives
 */
export function lockFolder(folder: string): FolderLock {
  const path = join(folder, FILE);
  const self: Owner = { pid: process.pid, host: hostname(), started: startOf(process.pid) };
  for (let attempt = 0; ; attempt += 1) {
    try {
      writeFileSync(path, JSON.stringify(self), { flag: 'wx' });
      break;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST' || attempt > 1) throw error;
      const owner = readOwner(path);
      if (owner !== undefined && isAlive(owner, self)) {
        throw new FolderInUseError(folder, `process ${owner.pid} on ${owner.host}`);
      }
      rmSync(path, { force: true });
    }
  }
  let isHeld = true;
  return {
    release() {
      if (isHeld) rmSync(path, { force: true });
      isHeld = false;
    },
  };
}

/** An unreadable lock is one whose writer died while writing it. */
function readOwner(path: string): Owner | undefined {
  try {
    return JSON.parse(readFileSync(path, 'utf8')) as Owner;
  } catch {
    return undefined;
  }
}

/** A lock of another host is believed: nothing here can tell whether that host still runs. */
function isAlive(owner: Owner, self: Owner): boolean {
  if (owner.host !== self.host) return !isContainerName(owner.host);
  try {
    process.kill(owner.pid, 0);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
  return startOf(owner.pid) === owner.started;
}

/** Containers get a fresh host name at each start, so theirs says nothing about a later one. */
function isContainerName(host: string): boolean {
  return /^[0-9a-f]{12}$/.test(host);
}

/**
 * When a process started, in clock ticks since boot, with the boot; empty where unknown or when all
 * that is left of it is an entry its parent has not read.
 */
function startOf(pid: number): string {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    const boot = readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
    // The name, field 2, may hold spaces; what follows its bracket starts with field 3.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    const [state] = fields;
    return state === 'Z' || state === 'X' ? '' : `${boot}:${fields[19] ?? ''}`;
  } catch {
    return '';
  }
}
