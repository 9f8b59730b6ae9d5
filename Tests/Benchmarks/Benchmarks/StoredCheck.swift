import Glibc
import Platform
import Vocabulary

extension Session {
  /// Looks whether the server really holds what it acknowledged: the length of some uploads, and the very bytes of two
  /// where there is a way to ask for them.
  ///
  /// - Throws: when one is not there or is another one. A server that answers nonsense has no speed.
  func checkStored(_ load: Load, on server: Server, _ client: UploadClient, _ sheaf: SheafAPI?) throws {
    guard !load.stored.isEmpty else { throw BenchmarkError("nothing was uploaded") }
    let step = max(1, load.stored.count / 16)
    for index in stride(from: 0, to: load.stored.count, by: step) {
      let stored = load.stored[index]
      let offset = try client.offset(at: stored.path)
      guard offset == stored.upload.length else {
        throw BenchmarkError("\(stored.path) has \(offset) bytes, not \(stored.upload.length)")
      }
    }
    for stored in [load.stored[0], load.stored[load.stored.count - 1]] {
      let digest: String?
      if let sheaf {
        digest = try sheaf.digest(of: stored.path)
      } else if let folder = server.folder, let name = stored.path.split(separator: "/").last {
        digest = try digestOfFile("\(folder)/\(name)")
      } else {
        digest = nil
      }
      let expected = payload.digest(of: stored.upload).hex
      guard digest == nil || digest == expected else {
        throw BenchmarkError("\(stored.path) has SHA-256 \(digest ?? "none"), not \(expected)")
      }
    }
  }
}

private func digestOfFile(_ path: String) throws -> String {
  let file = try check("open \(path)", open(path, O_RDONLY))
  defer { close(file) }
  var stream = SHA256Stream()
  var buffer = [UInt8](repeating: 0, count: 1 << 20)
  while true {
    let count = try check("read", read(file, &buffer, buffer.count))
    guard count > 0 else { return stream.digest().hex }
    buffer.withUnsafeBytes { stream.update(UnsafeRawBufferPointer(rebasing: $0[..<count])) }
  }
}
