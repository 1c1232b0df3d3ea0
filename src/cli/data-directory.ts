/** The data directory, before a server opens it. Source: etcd server/etcdmain/etcd.go. */
import { mkdir, readdir, rm, rmdir, stat } from "node:fs/promises";
import { join } from "node:path";
import { ConfigurationError } from "./configuration-error.ts";
import type { LogNote } from "./log-note.ts";

/** A file that every LevelDB has, and nothing else. Source: LevelDB, doc/impl.md. */
const STORE_FILE = "CURRENT";

/** Every name that a file of a store may have. Source: LevelDB, doc/impl.md; storage/sync-mark.ts. */
const STORE_FILE_PATTERN =
  /^(?:CURRENT|LOCK|LOG|LOG\.old|SYNCED|MANIFEST-\d+|\d+\.(?:log|ldb|sst|dbtmp))$/;

/** What `--auto-tls` puts beside them, files before their folders. */
const CERTIFICATE_FILES = ["fixtures/client/cert.pem", "fixtures/client/key.pem"];
const CERTIFICATE_FOLDERS = ["fixtures/client", "fixtures"];

/** Only the owner may look at the data. Source: etcd client/pkg/fileutil, PrivateDirMode. */
const DIRECTORY_MODE = 0o700;

/** A directory that a server may open. */
export interface DataDirectory {
  /** No store was ever made in it; other files, such as `lost+found`, do not count. */
  readonly isEmpty: boolean;
  readonly notes: readonly LogNote[];
}

/**
 * Makes the directory when it is missing, and looks at what is in it.
 *
 * @throws ConfigurationError when it cannot be a data directory, or is that of an etcd
 */
export async function prepareDataDirectory(path: string): Promise<DataDirectory> {
  try {
    await mkdir(path, { recursive: true, mode: DIRECTORY_MODE });
    const names = await readdir(path);
    const { mode } = await stat(path);
    const foreign = names.includes("member") ? await readdir(join(path, "member")) : [];
    if (foreign.includes("wal") || foreign.includes("snap")) {
      throw new ConfigurationError(
        `cannot use data directory: "${path}" holds the data of an etcd; ` +
          "move it over by a snapshot, or choose another --data-dir",
        "start",
      );
    }
    return { isEmpty: !names.includes(STORE_FILE), notes: permissionNotes(path, mode) };
  } catch (error) {
    if (error instanceof ConfigurationError) {
      throw error;
    }
    const problem = error instanceof Error ? error.message : String(error);
    throw new ConfigurationError(`cannot use data directory "${path}": ${problem}`, "start");
  }
}

/**
 * Deletes a store that is closed, and the directory when nothing else is in it. Goes by the names of
 * the files, so that a wrong path costs nobody else's. Gives the names of what stays.
 */
export async function removeDataDirectory(path: string): Promise<readonly string[]> {
  const names = await readdir(path);
  const files = names.filter((name) => STORE_FILE_PATTERN.test(name));
  for (const file of [...files, ...CERTIFICATE_FILES]) await rm(join(path, file), { force: true });
  for (const folder of CERTIFICATE_FOLDERS) await rmdir(join(path, folder)).catch(() => undefined);
  const others = await readdir(path);
  if (others.length === 0) await rmdir(path);
  return others;
}

function permissionNotes(path: string, mode: number): readonly LogNote[] {
  const found = mode & 0o777;
  if (process.platform === "win32" || found === DIRECTORY_MODE) {
    return [];
  }
  const error =
    `directory "${path}" exist, but the permission is "${modeText(found)}". The recommended ` +
    'permission is "-rwx------" to prevent possible unprivileged access to the data';
  return [{ level: "warn", message: "check file permission", fields: { error } }];
}

/** A mode as `ls` shows it, for a directory. */
function modeText(mode: number): string {
  const letters = "rwxrwxrwx".split("");
  return `d${letters.map((letter, bit) => (mode & (1 << (8 - bit)) ? letter : "-")).join("")}`;
}
