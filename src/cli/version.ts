/** What `--version` says. */
import { readFileSync } from "node:fs";
import { ETCD_VERSION } from "../wire/index.ts";

/** The version of this package; "unknown" when it was taken out of its package. */
export function packageVersion(): string {
  try {
    const text = readFileSync(new URL("../../../package.json", import.meta.url), "utf8");
    const content: unknown = JSON.parse(text);
    const version = typeof content === "object" && content !== null && "version" in content;
    return version ? String(content.version) : "unknown";
  } catch {
    return "unknown";
  }
}

/** etcd's four lines, so far as they are true here, and one more. Scripts read the first. */
export function versionText(): string {
  return [
    `etcd Version: ${ETCD_VERSION}`,
    "Git SHA: none (not built from etcd's source)",
    `Go Version: none (Node.js ${process.version})`,
    `Go OS/Arch: ${process.platform}/${goArchitecture(process.arch)}`,
    `etcdlet Version: ${packageVersion()}`,
    "",
  ].join("\n");
}

/** The architecture as Go names it. */
export function goArchitecture(architecture: string): string {
  return architecture === "x64" ? "amd64" : architecture;
}
