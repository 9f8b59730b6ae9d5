import Blobs
import Bundles
import Catalog
import Hummingbird
import NIOCore
import Platform
import Vocabulary

/// A bundle as one tar archive, made while it is sent: its files as they are, or as a BagIt bag.
package struct TarResponse: Sendable {
  package enum Layout: Sendable {
    case files
    /// RFC 8493 with SHA-256 manifests, in a folder named after repo and sequence.
    case bag
  }

  private let bundle: BundleRecord
  private let layout: Layout
  private let services: GatewayServices

  package init(_ bundle: BundleRecord, _ layout: Layout = .files, _ services: GatewayServices) {
    self.bundle = bundle
    self.layout = layout
    self.services = services
  }

  /// - Throws: `BlobError` when the manifest is not there. A fault after that closes the connection in the middle: the
  ///   archive must never look complete.
  package func response(on loop: any EventLoop) async throws -> Response {
    let inFlight = services.bundlesInFlight.begin(bundle.digest)
    let manifest = try await services.blobs.openObject(bundle.digest)
    let headers = ArchiveHeaders.fields(name: "\(baseName)\(layout == .bag ? ".bag" : "").tar")
    let body = ResponseBody.streamed(patience: services.patience, on: loop) { writer in
      defer { withExtendedLifetime(inFlight) { manifest.close() } }
      var archive = ArchiveWriter(writer, DownloadPieces(services.downloadBudget))
      try await services.reportingFaults {
        let lines = ManifestLines(ManifestReader(manifest))
        if layout == .bag {
          try await writeTags(lines, to: &archive)
          // A bag has its payload folder also when nothing is in it (RFC 8493, 2.1.2).
          if bundle.fileCount == 0 { try await archive.write(payloadFolder) }
        }
        try await writeFiles(lines, to: &archive)
        try await archive.write(TarFormat.end)
        try await archive.flush()
      }
      writer = archive.stream
    }
    return Response(status: .ok, headers: headers, body: body)
  }

  private var baseName: String { "\(bundle.repo)-\(bundle.sequence)" }

  private var payloadFolder: [UInt8] {
    TarFormat.folder(name: "\(baseName)/\(BagFormat.payloadFolder)/", modifiedAt: bundle.createdAt)
  }

  private func writeFiles(_ lines: ManifestLines, to archive: inout ArchiveWriter) async throws {
    var contents = EntryContents(
      of: .manifest(lines), in: bundle, services, pieceBytes: archive.pieceBytes)
    let folder = layout == .bag ? "\(baseName)/\(BagFormat.payloadFolder)/" : ""
    while case (let entry, var content)? = try await contents.next() {
      defer { content.close() }
      try await archive.write(
        TarFormat.header(
          name: folder + entry.path.text, size: entry.size, mode: entry.mode, modifiedAt: entry.modifiedAt))
      while let bytes = try await content.next() { try await archive.write(bytes) }
      try await archive.write(TarFormat.padding(after: entry.size))
    }
  }

  /// The tag files. The payload's manifest is made twice: a tar archive tells a file's size before its bytes.
  private func writeTags(_ lines: ManifestLines, to archive: inout ArchiveWriter) async throws {
    let info = BagFormat.info(
      date: bundle.createdAt, fileCount: bundle.fileCount, byteCount: bundle.byteCount,
      identifier: "\(bundle.repo)@\(bundle.id)", description: bundle.message)
    var tags = ""
    for (name, text) in [("bag-info.txt", info), ("bagit.txt", BagFormat.declaration)] {
      try await write(name, Array(text.utf8), to: &archive)
      tags += BagFormat.line(SHA256Stream.digest(of: Array(text.utf8)).hex, name)
    }
    var hash = SHA256Stream()
    try await forEachManifestLine(lines) { hash.update($0) }
    let name = "manifest-sha256.txt"
    tags += BagFormat.line(hash.digest().hex, name)
    try await archive.write(header(name, size: hash.byteCount))
    try await forEachManifestLine(lines) { try await archive.write($0) }
    try await archive.write(TarFormat.padding(after: hash.byteCount))
    try await write("tagmanifest-sha256.txt", Array(tags.utf8), to: &archive)
  }

  private func forEachManifestLine(
    _ lines: ManifestLines, _ body: ([UInt8]) async throws -> Void
  ) async throws {
    var lines = lines
    while let entry = try await services.entry(of: &lines, bundle) {
      let path = "\(BagFormat.payloadFolder)/\(entry.path.text)"
      try await body(Array(BagFormat.line(entry.digest.hex, path).utf8))
      try await lines.advance()
    }
  }

  private func write(_ name: String, _ bytes: [UInt8], to archive: inout ArchiveWriter) async throws {
    try await archive.write(header(name, size: Int64(bytes.count)))
    try await archive.write(bytes)
    try await archive.write(TarFormat.padding(after: Int64(bytes.count)))
  }

  private func header(_ name: String, size: Int64) -> [UInt8] {
    TarFormat.header(name: "\(baseName)/\(name)", size: size, mode: 0o644, modifiedAt: bundle.createdAt)
  }
}
