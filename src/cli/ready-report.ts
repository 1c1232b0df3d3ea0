/**
 * Tells whoever started the server that it serves, and where: exactly once, so that nobody needs to
 * ask again and again. The line is the client URLs with commas between them, as etcdctl's
 * `--endpoints` takes them.
 */
import { closeSync, fstatSync, writeSync } from "node:fs";
import { rename, rm, writeFile } from "node:fs/promises";
import { ConfigurationError } from "./configuration-error.ts";

/** Standard input, output and error stay open: others in the process use them. */
const STANDARD_DESCRIPTOR_MAX = 2;

/** Where to tell. */
export interface ReadyPlaces {
  /** A descriptor that the parent opened; negative for none. */
  readonly descriptor: number;
  /** A path; empty for none. */
  readonly portFile: string;
}

/** A report that is to be made. */
export class ReadyReport {
  readonly #places: ReadyPlaces;

  private constructor(places: ReadyPlaces) {
    this.#places = places;
  }

  /**
   * Looks whether the places can be had, and deletes the file of an earlier run: its port is
   * somebody else's by now.
   *
   * @throws ConfigurationError
   */
  static async prepare(places: ReadyPlaces): Promise<ReadyReport> {
    const { descriptor, portFile } = places;
    try {
      if (descriptor >= 0) fstatSync(descriptor);
    } catch {
      throw new ConfigurationError(`--ready-fd is not open: ${String(descriptor)}`);
    }
    try {
      if (portFile !== "") await rm(portFile, { force: true });
    } catch (error) {
      throw new ConfigurationError(`cannot use --port-file: ${String(error)}`);
    }
    return new ReadyReport(places);
  }

  /**
   * Makes the report. A file is there with its whole content or not at all. Rejects when the file
   * cannot be written, or nobody reads the descriptor any more.
   */
  async send(clientUrls: readonly string[]): Promise<void> {
    const { descriptor, portFile } = this.#places;
    const line = `${clientUrls.join(",")}\n`;
    if (portFile !== "") {
      const aside = `${portFile}.${String(process.pid)}`;
      await writeFile(aside, line);
      await rename(aside, portFile);
    }
    if (descriptor >= 0) {
      writeSync(descriptor, line);
      if (descriptor > STANDARD_DESCRIPTOR_MAX) closeSync(descriptor);
    }
  }

  /** Deletes the file: nobody serves there any more. Never rejects. */
  async withdraw(): Promise<void> {
    const { portFile } = this.#places;
    if (portFile !== "") await rm(portFile, { force: true }).catch(() => undefined);
  }
}
