import Glibc

/// Files to make versions of; all bytes differ, so that no program finds the same content twice in one version.
struct DatasetTree {
  enum Kind {
    /// 4 KiB each, 100 in a folder.
    case smallFiles(Int)
    case largeFile(Int)
  }

  let name: String
  let kind: Kind

  static let smallBytes = 4096
  /// Where a large file changes, evenly spread.
  static let changedPlaces = 16

  /// The first version, in a folder that may hold another.
  func make(in folder: String) throws {
    _ = try Program.output(of: "/usr/bin/find", [folder, "-mindepth", "1", "-delete"])
    var random = RandomBytes(seed: 1)
    switch kind {
    case .smallFiles(let count):
      for index in 0..<count {
        if index % 100 == 0 { try check("mkdir", mkdir(inner(folder, index), 0o755)) }
        try store(path(folder, index), random.next(Self.smallBytes))
      }
    case .largeFile(let bytes):
      let file = try check("open", open("\(folder)/file", O_WRONLY | O_CREAT | O_CLOEXEC, 0o644))
      defer { close(file) }
      for _ in 0..<(bytes >> 20) { try append(random.next(1 << 20), to: file) }
    }
  }

  /// The second: of small files each hundredth is other, one in a thousand is gone, and as many are new; in a large file
  /// 4 KiB are other in each of sixteen places.
  func change(in folder: String) throws {
    var random = RandomBytes(seed: 2)
    switch kind {
    case .smallFiles(let count):
      for index in stride(from: 0, to: count, by: 100) {
        try store(path(folder, index), random.next(Self.smallBytes))
      }
      for index in stride(from: 1, to: count, by: 1000) {
        try check("unlink", unlink(path(folder, index)))
        try store("\(inner(folder, index))/new", random.next(Self.smallBytes))
      }
    case .largeFile(let bytes):
      let file = try check("open", open("\(folder)/file", O_WRONLY | O_CLOEXEC))
      defer { close(file) }
      for place in 0..<Self.changedPlaces {
        let content = random.next(4096)
        let count = content.withUnsafeBytes {
          pwrite(file, $0.baseAddress, $0.count, off_t(bytes / Self.changedPlaces * place + 12_345))
        }
        try check("pwrite", Int32(count))
      }
    }
  }

  private func inner(_ folder: String, _ index: Int) -> String { "\(folder)/\(index / 100)" }
  private func path(_ folder: String, _ index: Int) -> String { "\(inner(folder, index))/\(index)" }

  private func store(_ path: String, _ bytes: [UInt8]) throws {
    let file = try check("open \(path)", open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o644))
    defer { close(file) }
    try append(bytes, to: file)
  }

  private func append(_ bytes: [UInt8], to file: Int32) throws {
    let count = bytes.withUnsafeBytes { write(file, $0.baseAddress, $0.count) }
    guard count == bytes.count else { throw BenchmarkError.call("write") }
  }
}

/// The same bytes in every run, which neither compress nor repeat.
struct RandomBytes {
  private var state: UInt64

  init(seed: UInt64) { state = seed &* 0x9e37_79b9_7f4a_7c15 }

  /// - Parameter count: a multiple of 8.
  mutating func next(_ count: Int) -> [UInt8] {
    var state = self.state
    defer { self.state = state }
    return [UInt8](unsafeUninitializedCapacity: count) { bytes, used in
      bytes.withMemoryRebound(to: UInt8.self) { bytes in
        let words = UnsafeMutableRawBufferPointer(bytes).assumingMemoryBound(to: UInt64.self)
        for index in 0..<(count / 8) {
          state ^= state << 13
          state ^= state >> 7
          state ^= state << 17
          words[index] = state
        }
      }
      used = count
    }
  }
}
