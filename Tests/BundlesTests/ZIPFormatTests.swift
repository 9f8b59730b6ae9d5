import Bundles
import Foundation
import Platform
import TestSupport
import Testing
import Vocabulary

@Suite struct ZIPFormatTests {
  private struct Member: Decodable {
    var name: String
    var size: Int64
    var packed: Int64
    var crc: UInt32
    var offset: Int64
    var mode: Int
    var time: [Int]
    var method: Int
  }

  private func entry(_ path: String, size: Int64, milliseconds: Int64? = nil, mode: Int? = nil) throws
    -> Entry
  {
    Entry(
      path: try BundlePath(path), size: size,
      digest: try #require(Digest(bytes: Array(repeating: 1, count: 32))),
      mode: mode, modifiedAt: milliseconds.map(Timestamp.init(milliseconds:)))
  }

  /// What Python's zipfile reads in the directory of the archive whose bytes are nothing but a directory.
  private func directory(_ records: [UInt8], count: Int64, at offset: Int64) async throws -> [Member] {
    let folder = try TemporaryFolder()
    try folder.write(
      records + ZIPFormat.end(count: count, offset: offset, size: Int64(records.count)), to: "d.zip")
    // The file lacks everything before the directory; a hole in its place costs nothing.
    let script = """
      import json, os, sys, zipfile
      path, hole = sys.argv[1], int(sys.argv[2])
      tail = open(path, 'rb').read()
      with open(path, 'wb') as file:
        file.truncate(hole); file.seek(hole); file.write(tail)
      with zipfile.ZipFile(path) as archive:
        print(json.dumps([{
          'name': m.filename, 'size': m.file_size, 'packed': m.compress_size, 'crc': m.CRC,
          'offset': m.header_offset, 'mode': m.external_attr >> 16, 'time': list(m.date_time),
          'method': m.compress_type} for m in archive.infolist()]))
      """
    let result = try await blocking {
      try runProgram("/usr/bin/env", ["python3", "-c", script, folder.child("d.zip"), String(offset)])
    }
    try #require(result.status == 0, "\(result.errors)")
    return try JSONDecoder().decode([Member].self, from: Data(result.output.utf8))
  }

  @Test(
    "sizes and places beyond four gigabytes are told by ZIP64, and those below are not",
    arguments: [
      (5, 7), (0xefff_ffff, 7), (0xf000_0000, 7), (0xffff_ffff, 7), (1 << 40, 7), (5, 0xffff_fffe),
      (5, 0xffff_ffff), (1 << 40, 1 << 41),
    ] as [(Int64, Int64)])
  func zip64(size: Int64, offset: Int64) async throws {
    let entry = try entry("ü/a b", size: size, milliseconds: 1_600_000_001_500, mode: 0o750)
    for (method, packed) in [(ZIPFormat.Method.stored, size), (.deflated, size / 2)] {
      let content = ZIPFormat.Content(crc: 0xdead_beef, compressedSize: packed)
      let record = ZIPFormat.record(entry, method, content, hasDescriptor: true, offset: offset)
      let members = try await directory(record, count: 1, at: offset + 100)
      let member = try #require(members.first)
      #expect(member.name == "ü/a b")
      #expect(member.size == size)
      #expect(member.packed == packed)
      #expect(member.crc == 0xdead_beef)
      #expect(member.offset == offset)
      #expect(member.mode == 0o100750)
      #expect(member.time == [2020, 9, 13, 12, 26, 40])
      #expect(member.method == Int(method.rawValue))
      let hasZIP64 = size >= 0xf000_0000 || offset >= 0xffff_ffff
      #expect(record[6] == (hasZIP64 ? 45 : 20))
    }
  }

  @Test("65,535 files and more are told by ZIP64", arguments: [65_534, 65_535, 65_536, 70_000] as [Int64])
  func manyFiles(count: Int64) async throws {
    let content = ZIPFormat.Content(crc: 0, compressedSize: 0)
    var records: [UInt8] = []
    for number in 0..<count {
      records += ZIPFormat.record(
        try entry("f\(number)", size: 0), .stored, content, hasDescriptor: false, offset: 0)
    }
    #expect(try await directory(records, count: count, at: 0).count == Int(count))
  }

  @Test("headers without their content leave room for it behind, and times out of range are cut")
  func headers() throws {
    for size in [0, 5, 1 << 40] as [Int64] {
      for milliseconds in [nil, .min, -1, 0, 4_354_819_200_000, .max] as [Int64?] {
        let entry = try entry("a", size: size, milliseconds: milliseconds)
        let content = ZIPFormat.Content(crc: 1, compressedSize: size)
        let known = ZIPFormat.header(entry, .stored, content: content)
        let unknown = ZIPFormat.header(entry, .stored, content: nil)
        #expect(known.count == unknown.count)
        #expect(known[6] & 8 == 0 && unknown[6] & 8 == 8)
        #expect(ZIPFormat.descriptor(entry, content).count == (size > 5 ? 24 : 16))
      }
    }
  }

  @Test("what the deflater makes of pieces is one stream that inflates to them", arguments: 0..<3)
  func deflater(seed: Int) async throws {
    var random = SeededRandom(seed: UInt64(seed))
    let pieces = (0..<random.int(0...4)).map { _ -> [UInt8] in
      let count = random.element(of: [0, 1, 70_000])
      return random.int(0...1) == 0 ? random.bytes(count) : Array(repeating: 7, count: count)
    }
    let deflater = try Deflater()
    var packed: [UInt8] = []
    for piece in pieces { packed += try deflater.deflate(piece, isLast: false) }
    packed += try deflater.deflate([], isLast: true)
    let folder = try TemporaryFolder()
    try folder.write(packed, to: "packed")
    let script = """
      import hashlib, sys, zlib
      stream = zlib.decompressobj(-15)
      plain = stream.decompress(open(sys.argv[1], 'rb').read()) + stream.flush()
      print(hashlib.sha256(plain).hexdigest() if stream.eof and not stream.unused_data else 'no end')
      """
    let result = try await blocking {
      try runProgram("/usr/bin/env", ["python3", "-c", script, folder.child("packed")])
    }
    #expect(result.output == "\(SHA256Stream.digest(of: pieces.flatMap { $0 }))\n", "\(result.errors)")
  }
}
