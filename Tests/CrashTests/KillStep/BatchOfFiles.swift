import Platform
import TestSupport
import Vocabulary

/// Small files and a large one in one request with a key, sent again after a lost answer until all are there.
final class BatchOfFiles: KillStepStory {
  let uploads: [KillStepUpload] = []
  private(set) var committed: [String: Set<String>] = [:]

  private static let files: [(path: String, bytes: [UInt8])] = [
    ("small/one", KillStepContent.small[0]), ("large.bin", KillStepContent.large),
    ("small/two", KillStepContent.small[1]), ("small/empty", []),
  ]

  func proceed(_ client: KillStepClient) throws {
    let answer = try client.request(
      "POST", "/files/batch?repo=batches&message=killed",
      ["Content-Type": "application/vnd.sheaf.frames", "Idempotency-Key": "batch"], body: Self.body)
    try demand([200, 201].contains(answer.status), "a batch is answered by 200 or 201: \(answer)")
    let push = try client.eventually("the batch's push is committed") {
      let pushes = try client.items("/api/v1/pushes?status=complete")
      return pushes.first { $0["repo"] as? String == "batches" }?["id"] as? String
    }
    committed[push] = Set(Self.files.map { SHA256Stream.digest(of: $0.bytes).hex })
    let bundles = try client.items("/api/v1/repos/batches/bundles")
    try demand(bundles.count == 1, "a batch becomes one bundle, however often it is sent: \(bundles)")
    let listed = try client.items("/api/v1/repos/batches/bundles/latest/files")
    let paths = listed.compactMap { $0["path"] as? String }
    try demand(paths == Self.files.map(\.path).sorted(), "the bundle has exactly the files: \(paths)")
    for file in Self.files {
      let stored = try client.request("GET", "/api/v1/repos/batches/bundles/latest/files/\(file.path)").body
      try demand(stored == file.bytes, "\(file.path) has its bytes: \(stored.count)")
    }
  }

  private static var body: [UInt8] {
    files.flatMap { file in
      let header = Array(#"{"path":"\#(file.path)","size":\#(file.bytes.count)}"#.utf8)
      return withUnsafeBytes(of: UInt32(header.count).bigEndian) { Array($0) } + header + file.bytes
    }
  }
}
