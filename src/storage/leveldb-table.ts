/**
 * Checks LevelDB's table files (`*.ldb`). Every block in them has a check sum, but LevelDB looks at
 * it only when told to (paranoid_checks, verify_checksums), and classic-level has no option for
 * that: a damaged block would be read as other rows, and a damaged filter as "no such key". So all
 * of them are checked before LevelDB gets to see the store. Source of the format: LevelDB
 * doc/table_format.md, table/format.cc.
 *
 * From the start: data blocks, a filter block, the meta index (where the filter lies), the index
 * (where the data blocks lie), the footer (where the two indexes lie). The blocks fill the file
 * without a gap, so when all are found and right, every byte was checked but the footer's padding.
 */

import { ByteReader, MalformedError, uint32At } from "./byte-reader.ts";
import { maskedCrc32c } from "./crc32c.ts";
import { unpackSnappy } from "./snappy.ts";

/** Source: LevelDB table/format.h, Footer::kEncodedLength. */
const FOOTER_BYTES = 48;
/** Low half first. Source: LevelDB table/format.h, kTableMagicNumber. */
const MAGIC = [0x8b80fb57, 0xdb477524] as const;
/** How a block is stored (1 byte) and its check sum (4 bytes). */
const TRAILER_BYTES = 5;
/** Source: LevelDB include/leveldb/options.h, CompressionType. */
const COMPRESSION = { none: 0, snappy: 1 } as const;

/** Where a block lies in its table. */
export interface Block {
  readonly offset: number;
  /** Without the trailer. */
  readonly size: number;
}

/** Checks a whole table. Throws {@link MalformedError} that says what is wrong and where. */
export function checkTable(file: Uint8Array): void {
  const { metaIndex, index } = readFooter(file);
  const blocks = [
    ...blocksIn(checkedBlock(file, index)),
    ...blocksIn(checkedBlock(file, metaIndex)),
    metaIndex,
    index,
  ];
  let position = 0;
  for (const block of blocks) {
    if (block.offset !== position) throw new MalformedError(`no block at ${position}`);
    // Never unpacks: the check sum is over the bytes as they are stored.
    checkBlock(file, block);
    position += block.size + TRAILER_BYTES;
  }
  if (position !== file.length - FOOTER_BYTES) throw new MalformedError(`no block at ${position}`);
}

/** The blocks with a table's rows, in order. Throws {@link MalformedError}. */
export function dataBlocks(file: Uint8Array): Block[] {
  return blocksIn(checkedBlock(file, readFooter(file).index));
}

function readFooter(file: Uint8Array): { metaIndex: Block; index: Block } {
  if (file.length < FOOTER_BYTES) throw new MalformedError("too short for a table");
  const footer = file.subarray(file.length - FOOTER_BYTES);
  const magic = FOOTER_BYTES - 8;
  if (uint32At(footer, magic) !== MAGIC[0] || uint32At(footer, magic + 4) !== MAGIC[1]) {
    throw new MalformedError("bad magic number");
  }
  const reader = new ByteReader(footer);
  return { metaIndex: readBlock(reader), index: readBlock(reader) };
}

function readBlock(reader: ByteReader): Block {
  return { offset: reader.varint(), size: reader.varint() };
}

function checkBlock(file: Uint8Array, block: Block): void {
  const end = block.offset + block.size;
  if (end + TRAILER_BYTES > file.length - FOOTER_BYTES) {
    throw new MalformedError(`block at ${block.offset} runs out of the file`);
  }
  if (maskedCrc32c(file, block.offset, end + 1) !== uint32At(file, end + 1)) {
    throw new MalformedError(`check sum of the block at ${block.offset} does not match`);
  }
}

/** Contents of a block, unpacked. */
function checkedBlock(file: Uint8Array, block: Block): Uint8Array {
  checkBlock(file, block);
  const end = block.offset + block.size;
  const stored = file.subarray(block.offset, end);
  if (file[end] === COMPRESSION.none) return stored;
  if (file[end] === COMPRESSION.snappy) return unpackSnappy(stored);
  throw new MalformedError(`block at ${block.offset} is packed in an unknown way`);
}

/** The blocks that an index names. Its keys do not matter here. */
function blocksIn(index: Uint8Array): Block[] {
  if (index.length < 4) throw new MalformedError("index too short");
  const restartCount = uint32At(index, index.length - 4);
  const end = index.length - 4 * (restartCount + 1);
  if (end < 0) throw new MalformedError("index too short");
  const reader = new ByteReader(index.subarray(0, end));
  const blocks: Block[] = [];
  while (!reader.done) {
    // Bytes shared with the key before, bytes of its own, bytes of the value.
    reader.varint();
    const keyBytes = reader.varint();
    const valueBytes = reader.varint();
    reader.take(keyBytes);
    blocks.push(readBlock(new ByteReader(reader.take(valueBytes))));
  }
  return blocks;
}
