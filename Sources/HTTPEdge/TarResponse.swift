import Blobs
import Bundles
import Catalog
import HTTPTypes
import Hummingbird
import NIOCore
import Vocabulary

/// A bundle as one tar archive, made while it is sent.
package struct TarResponse: Sendable {
  private static let pageSize = 200

  private let bundle: BundleRecord
  private let services: GatewayServices

  package init(_ bundle: BundleRecord, _ services: GatewayServices) {
    self.bundle = bundle
    self.services = services
  }

  /// - Throws: `BlobError` when the manifest is not there. A fault after that closes the connection in the middle: the
  ///   archive must never look complete.
  package func response(on loop: any EventLoop) async throws -> Response {
    let manifest = try await services.blobs.openObject(bundle.digest)
    let name = "\(bundle.repo)-\(bundle.sequence).tar"
    let headers: HTTPFields = [
      .contentType: SafeMediaType.of(name),
      .contentDisposition: ContentDisposition.attachment.value(name: name),
      .cacheControl: "private, no-cache",
      .xContentTypeOptions: "nosniff",
      .contentSecurityPolicy: "sandbox; default-src 'none'",
    ]
    let body = ResponseBody.streamed(patience: services.patience, on: loop) { writer in
      defer { manifest.close() }
      let pieces = DownloadPieces(services.downloadBudget)
      try await services.reportingFaults { try await write(ManifestReader(manifest), pieces, to: &writer) }
    }
    return Response(status: .ok, headers: headers, body: body)
  }

  private func write(
    _ manifest: ManifestReader, _ pieces: DownloadPieces, to writer: inout StreamWriter
  ) async throws {
    var pending = ByteBuffer()
    var position: Int64? = ManifestReader.start
    while let from = position {
      let page = try await services.page(of: manifest, from: from, limit: Self.pageSize, bundle)
      for entry in page.entries {
        pending.writeBytes(TarFormat.header(entry))
        try await writeContent(of: entry, pieces, &pending, to: &writer)
        pending.writeBytes(TarFormat.padding(after: entry.size))
      }
      position = page.next
    }
    pending.writeBytes(TarFormat.end)
    try await writer.write(pending)
  }

  /// Small files share a write: `pending` goes out when it has grown to a piece.
  private func writeContent(
    of entry: Entry, _ pieces: DownloadPieces, _ pending: inout ByteBuffer, to writer: inout StreamWriter
  ) async throws {
    let object = try await services.openObject(of: entry)
    defer { object.close() }
    var offset: Int64 = 0
    while offset < entry.size {
      let wanted = Int(min(Int64(pieces.byteCount), entry.size - offset))
      let bytes = try await object.read(wanted, at: offset)
      guard bytes.count == wanted else {
        throw BlobError.missing("object \(entry.digest) from byte \(offset + Int64(bytes.count)) on")
      }
      offset += Int64(wanted)
      pending.writeBytes(bytes)
      if pending.readableBytes >= pieces.byteCount {
        try await writer.write(pending)
        pending.clear()
      }
    }
  }
}
