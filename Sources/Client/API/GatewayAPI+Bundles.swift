import AsyncHTTPClient
import Foundation
import NIOCore
import NIOHTTP1
import Vocabulary

extension GatewayAPI {
  private func segments(_ bundle: BundleAddress) -> [String] {
    ["api", "v1", "repos", bundle.repo.text, "bundles", bundle.reference]
  }

  /// The bundles of a repo, newest first.
  package func bundles(of repo: RepoName, retrier: Retrier) async throws -> [BundleAnswer] {
    try await all(BundleAnswer.self, ["api", "v1", "repos", repo.text, "bundles"], retrier: retrier)
  }

  package func bundle(_ reference: BundleAddress) async throws -> BundleAnswer {
    try await get(BundleAnswer.self, segments(reference))
  }

  /// All entries of a bundle, by path.
  ///
  /// - Throws: `ClientError` also for a list that is not what the bundle is said to have: whoever believed a list that ends
  ///   early would take the missing files for deleted ones.
  package func entries(
    of bundle: BundleAnswer, in repo: RepoName, retrier: Retrier
  ) async throws -> [EntryAnswer] {
    // By its id: pages of a label that moves in between would not fit together.
    let address = BundleAddress(repo: repo, reference: bundle.id)
    let entries = try await all(EntryAnswer.self, segments(address) + ["files"], retrier: retrier)
    var bytes: Int64 = 0
    for entry in entries {
      let (sum, overflow) = bytes.addingReportingOverflow(entry.size)
      guard entry.size >= 0, !overflow else {
        throw ClientError.unexpected("the entry of \(quoted(entry.path)) has no size that can be")
      }
      bytes = sum
    }
    guard Int64(entries.count) == bundle.fileCount, bytes == bundle.byteCount else {
      throw ClientError.unexpected(
        "the list of files has \(entries.count) files with \(bytes) bytes, but bundle \(bundle.id) has "
          + "\(bundle.fileCount) with \(bundle.byteCount)")
    }
    return entries
  }

  /// The file's bytes from `offset` on, up to `end` if that is given, as they come.
  package func openEntry(
    _ path: BundlePath, of reference: BundleAddress, from offset: Int64 = 0, to end: Int64? = nil
  ) async throws -> HTTPClientResponse {
    let address = server.resource(segments(reference) + ["files"] + path.components.map(String.init))
    let isPart = offset > 0 || end != nil
    let range = "bytes=\(offset)-\(end.map { String($0 - 1) } ?? "")"
    let response = try await start(.GET, address, fields: isPart ? [("Range", range)] : [])
    guard !isPart || response.status.code == 206 else {
      throw ClientError.unexpected("the server ignored Range", status: Int(response.status.code))
    }
    return response
  }

  /// The bytes of the files one after the other, as they come.
  package func openContents(
    _ paths: [BundlePath], of reference: BundleAddress
  ) async throws -> HTTPClientResponse {
    let content = try JSONEncoder().encode(["paths": paths.map(\.text)])
    return try await start(
      .POST, server.resource(segments(reference) + ["contents"]),
      fields: [("Content-Type", "application/json")], body: .bytes(ByteBuffer(bytes: content)))
  }

  /// Lets the server check the whole bundle; a mismatch is a finding, not an error.
  package func verify(_ reference: BundleAddress, isDeep: Bool) async throws -> VerificationAnswer {
    do {
      return try await post(
        VerificationAnswer.self, segments(reference) + ["verify"], query: isDeep ? [("deep", "1")] : [],
        patience: .patient)
    } catch let error as ClientError where error.has(.digestMismatch) {
      return VerificationAnswer(
        match: false, files: nil, bytes: nil,
        problems: error.items.map { .init(path: $0.path, reason: $0.reason) })
    }
  }
}
