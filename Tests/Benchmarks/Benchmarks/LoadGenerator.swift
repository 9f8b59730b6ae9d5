import Platform
import Vocabulary

/// Hands out what to upload next, to all connections of a run.
final class UploadQueue: Sendable {
  private let next: Locked<UInt64>
  private let limit: UInt64
  private let deadline: Int64

  /// So many uploads, or as many as there is time for.
  init(_ extent: UploadPattern.Extent) {
    // Numbers of different runs differ, because a server may go on from one run to the next.
    let first = UInt64.random(in: 0...UInt64.max / 2)
    next = Locked(first)
    limit = first + UInt64(extent.count)
    deadline = extent.seconds.map { monotonicNanoseconds() + Int64($0 * 1e9) } ?? .max
  }

  /// The number of the next upload; nil when there is none.
  func take() -> UInt64? {
    guard deadline == .max || monotonicNanoseconds() < deadline else { return nil }
    return next.withLock { next in
      guard next < limit else { return nil }
      next += 1
      return next - 1
    }
  }
}

/// An upload whose last byte was acknowledged.
struct StoredUpload: Sendable {
  let upload: Upload
  let path: String
}

/// What connections did between start and end of a run.
struct Load: Sendable {
  var stored: [StoredUpload] = []
  /// Nanoseconds from the first byte sent to the last byte of the answer, for each request that carried bytes.
  var latencies: [Int64] = []

  var byteCount: Int { stored.reduce(0) { $0 + $1.upload.length } }

  mutating func time<Result>(_ request: () throws -> Result) rethrows -> Result {
    let start = monotonicNanoseconds()
    let result = try request()
    latencies.append(monotonicNanoseconds() - start)
    return result
  }

  static func + (left: Self, right: Self) -> Self {
    Self(stored: left.stored + right.stored, latencies: left.latencies + right.latencies)
  }
}

/// How uploads are sent.
struct UploadPattern: Sendable {
  /// When a run ends: after so many uploads, or when the time is over.
  struct Extent: Sendable {
    var count = Int(Int32.max)
    var seconds: Double?
  }

  var connections: Int
  var length: Int
  /// Bytes of a PATCH; nil sends everything with the creation.
  var chunk: Int?
  var declaresDigest = false
  /// The push that the uploads belong to.
  var push: String?

  /// Sends what the queue holds and returns when everything is acknowledged.
  func run(_ queue: UploadQueue, on clients: [UploadClient], payload: Payload) throws -> Load {
    let pattern = self
    let loads = try inParallel(clients.count) { index in
      var load = Load()
      while let number = queue.take() {
        let upload = Upload(number: number, length: pattern.length)
        let path = try pattern.send(upload, by: clients[index], payload: payload, into: &load)
        load.stored.append(StoredUpload(upload: upload, path: path))
      }
      return load
    }
    return loads.reduce(into: Load()) { $0 = $0 + $1 }
  }

  private func send(
    _ upload: Upload, by client: UploadClient, payload: Payload, into load: inout Load
  ) throws -> String {
    let metadata = metadata(of: upload, payload: payload)
    guard let chunk else {
      return try load.time { try client.createWithUpload(upload, metadata: metadata) }
    }
    let path = try client.create(upload, metadata: metadata)
    for start in stride(from: 0, to: upload.length, by: chunk) {
      let range = start..<min(start + chunk, upload.length)
      try load.time { try client.append(range, of: upload, at: path) }
    }
    return path
  }

  private func metadata(of upload: Upload, payload: Payload) -> String? {
    var pairs: [(key: String, value: String)] = []
    if let push {
      let name = String(decoding: Payload.ending(of: upload.number), as: UTF8.self)
      pairs += [("push", push), ("path", "files/\(name)")]
    }
    if declaresDigest { pairs.append(("sha256", payload.digest(of: upload).hex)) }
    return pairs.isEmpty ? nil : UploadClient.metadata(pairs)
  }
}
