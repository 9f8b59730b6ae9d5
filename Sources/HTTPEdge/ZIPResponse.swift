import Blobs
import Bundles
import Catalog
import HTTPTypes
import Hummingbird
import NIOCore
import Platform
import Vocabulary

/// A bundle as one zip archive, made while it is sent.
package struct ZIPResponse: Sendable {
  private let bundle: BundleRecord
  private let method: ZIPFormat.Method
  private let services: GatewayServices

  package init(_ bundle: BundleRecord, _ method: ZIPFormat.Method, _ services: GatewayServices) {
    self.bundle = bundle
    self.method = method
    self.services = services
  }

  /// How `?compress=` asks for the files to be packed.
  ///
  /// - Throws: `ProblemError` with `bad-request` for anything but `deflate`.
  package static func method(_ compress: String?) throws(ProblemError) -> ZIPFormat.Method {
    switch compress {
    case nil: return .stored
    case "deflate": return .deflated
    case .some(let text):
      throw ProblemError(
        .badRequest, detail: "compress \(quoted(text)) is not \"deflate\"",
        members: ["field": .text("compress")])
    }
  }

  /// - Throws: `BlobError` when the manifest is not there. A fault after that closes the connection in the middle: the
  ///   archive must never look complete.
  package func response(on loop: any EventLoop) async throws -> Response {
    let inFlight = services.bundlesInFlight.begin(bundle.digest)
    let manifest = try await services.blobs.openObject(bundle.digest)
    let headers = ArchiveHeaders.fields(name: "\(bundle.repo)-\(bundle.sequence).zip")
    // Deflating takes a processor's time, which is not the loop's to give.
    let body = ResponseBody.streamed(
      patience: services.patience, on: method == .stored ? loop : nil
    ) { writer in
      defer { withExtendedLifetime(inFlight) { manifest.close() } }
      var archive = ArchiveWriter(writer, DownloadPieces(services.downloadBudget))
      try await services.reportingFaults { try await write(ManifestReader(manifest), to: &archive) }
      writer = archive.stream
    }
    return Response(status: .ok, headers: headers, body: body)
  }

  private func write(_ manifest: ManifestReader, to archive: inout ArchiveWriter) async throws {
    // Whatever else the central directory says is known from the manifest: 4 bytes per file, 12 when deflating.
    var checksums: [UInt32] = []
    var compressedSizes: [Int64] = []
    let pieceBytes = archive.pieceBytes
    var contents = EntryContents(
      of: .manifest(ManifestLines(manifest)), in: bundle, services, pieceBytes: pieceBytes)
    while case (let entry, let content)? = try await contents.next() {
      defer { content.close() }
      let written = try await writeFile(entry, content, to: &archive)
      checksums.append(written.crc)
      if method == .deflated { compressedSizes.append(written.compressedSize) }
    }
    let directory = archive.byteCount
    var offset: Int64 = 0
    var lines = ManifestLines(manifest)
    for index in checksums.indices {
      guard let entry = try await services.entry(of: &lines, bundle) else { break }
      let content = ZIPFormat.Content(
        crc: checksums[index], compressedSize: method == .deflated ? compressedSizes[index] : entry.size)
      let hasDescriptor = entry.size > pieceBytes
      try await archive.write(
        ZIPFormat.record(entry, method, content, hasDescriptor: hasDescriptor, offset: offset))
      offset += Int64(ZIPFormat.header(entry, method, content: hasDescriptor ? nil : content).count)
      offset += content.compressedSize
      if hasDescriptor { offset += Int64(ZIPFormat.descriptor(entry, content).count) }
      try await lines.advance()
    }
    try await archive.write(
      ZIPFormat.end(
        count: Int64(checksums.count), offset: directory, size: archive.byteCount - directory))
    try await archive.flush()
  }

  /// A file of one piece has its checksum in front, as readers that cannot go back want it.
  private func writeFile(
    _ entry: Entry, _ content: EntryContent, to archive: inout ArchiveWriter
  ) async throws -> ZIPFormat.Content {
    var content = content
    let checksum = ChecksumStream(.crc32)
    let deflater = method == .deflated ? try Deflater() : nil
    guard entry.size > archive.pieceBytes else {
      let bytes = try await content.next() ?? []
      checksum.update(bytes)
      let packed = try deflater?.deflate(bytes, isLast: true) ?? bytes
      let written = ZIPFormat.Content(crc: checksum.value, compressedSize: Int64(packed.count))
      try await archive.write(ZIPFormat.header(entry, method, content: written))
      try await archive.write(packed)
      return written
    }
    try await archive.write(ZIPFormat.header(entry, method, content: nil))
    let start = archive.byteCount
    while let bytes = try await content.next() {
      checksum.update(bytes)
      try await archive.write(try deflater?.deflate(bytes, isLast: false) ?? bytes)
    }
    if let deflater { try await archive.write(try deflater.deflate([], isLast: true)) }
    let written = ZIPFormat.Content(crc: checksum.value, compressedSize: archive.byteCount - start)
    try await archive.write(ZIPFormat.descriptor(entry, written))
    return written
  }
}

extension ChecksumStream {
  /// The CRC-32 as a number; call once, at the end.
  fileprivate var value: UInt32 { finish().reduce(0) { $0 << 8 | UInt32($1) } }
}

/// What archives that are made while they are sent have in common.
enum ArchiveHeaders {
  static func fields(name: String) -> HTTPFields {
    [
      .contentType: SafeMediaType.of(name),
      .contentDisposition: ContentDisposition.attachment.value(name: name),
      .cacheControl: "private, no-cache",
      .xContentTypeOptions: "nosniff",
      .contentSecurityPolicy: "sandbox; default-src 'none'",
    ]
  }
}

extension GatewayServices {
  /// The current entry; a manifest that cannot be read is a storage fault.
  func entry(of lines: inout ManifestLines, _ bundle: BundleRecord) async throws -> Entry? {
    do {
      return try await lines.entry()
    } catch let error as ManifestError {
      throw BlobError.failed("bundle \(bundle.id): \(error)")
    }
  }
}
