import Blobs
import HTTPTypes
import Hummingbird
import NIOCore
import Platform
import Vocabulary

/// A stored file as a response (RFC 9110): ranges, validators, and nothing that a browser would run.
package struct FileResponse: Sendable {
  package var blob: any BlobReader
  package var digest: Digest
  package var name: String
  package var modifiedAt: Timestamp?
  /// The URL names these bytes for ever.
  package var isImmutable: Bool

  package init(
    blob: any BlobReader, digest: Digest, name: String, modifiedAt: Timestamp?, isImmutable: Bool
  ) {
    self.blob = blob
    self.digest = digest
    self.name = name
    self.modifiedAt = modifiedAt
    self.isImmutable = isImmutable
  }

  /// The response to a GET or HEAD; takes the blob over and closes it, whatever happens.
  ///
  /// The first bytes are read before the head is sent, so that missing storage is an error and not a broken file.
  package func response(
    to request: Request, _ services: GatewayServices, on loop: any EventLoop
  ) async throws -> Response {
    var isStreaming = false
    defer { if !isStreaming { blob.close() } }
    let tag = EntityTag(digest)
    var headers = commonHeaders(tag, now: services.clock.now())
    if tag.isNamed(inIfNoneMatch: request.headers[.ifNoneMatch]) {
      return Response(status: .notModified, headers: headers)
    }
    addContentHeaders(to: &headers, isInline: request.uri.queryParameters["inline"] == "1")
    let field = tag.allowsRange(ifRange: request.headers[.ifRange]) ? request.headers[.range] : nil
    // A range is a matter of GET alone; HEAD tells of the whole file.
    switch ByteRange(request.method == .get ? field : nil, size: blob.size) {
    case .unsatisfiable:
      throw ProblemError(
        .rangeNotSatisfiable, detail: "\(quoted(field ?? "")) lies outside of the file's \(blob.size) bytes",
        members: ["size": .integer(blob.size)])
    case .part(let range):
      headers[.contentRange] = "bytes \(range.lowerBound)-\(range.upperBound - 1)/\(blob.size)"
      let body = try await body(range, services, loop, isStreaming: &isStreaming)
      return Response(status: .partialContent, headers: headers, body: body)
    case .whole:
      guard request.method == .get else {
        headers[.contentLength] = String(blob.size)
        return Response(status: .ok, headers: headers)
      }
      let body = try await body(0..<blob.size, services, loop, isStreaming: &isStreaming)
      return Response(status: .ok, headers: headers, body: body)
    }
  }

  private func commonHeaders(_ tag: EntityTag, now: Timestamp) -> HTTPFields {
    var headers: HTTPFields = [
      .eTag: tag.text,
      .reprDigest: digest.reprDigest,
      .cacheControl: isImmutable ? "private, max-age=31536000, immutable" : "private, no-cache",
      .acceptRanges: "bytes",
    ]
    // A sender may claim any time; one to come must not be passed on (RFC 9110 §8.8.2.1).
    if let modifiedAt, modifiedAt.milliseconds >= 0, modifiedAt <= now {
      headers[.lastModified] = modifiedAt.httpDate
    }
    return headers
  }

  private func addContentHeaders(to headers: inout HTTPFields, isInline: Bool) {
    let type = SafeMediaType.of(name)
    let disposition: ContentDisposition =
      isInline && SafeMediaType.isShowable(type) ? .inline : .attachment
    headers[.contentType] = type
    headers[.contentDisposition] = disposition.value(name: name)
    headers[.xContentTypeOptions] = "nosniff"
    headers[.contentSecurityPolicy] = "sandbox; default-src 'none'"
  }

  private func body(
    _ range: Range<Int64>, _ services: GatewayServices, _ loop: any EventLoop, isStreaming: inout Bool
  ) async throws -> ResponseBody {
    let pieces = DownloadPieces(services.downloadBudget)
    let first = try await read(pieces, from: range.lowerBound, to: range.upperBound)
    guard Int64(first.count) < Int64(range.count) else {
      return ResponseBody(byteBuffer: ByteBuffer(bytes: first))
    }
    isStreaming = true
    return .streamed(contentLength: range.count, patience: services.patience, on: loop) { writer in
      defer { blob.close() }
      var chunk = first
      var position = range.lowerBound
      while true {
        let buffer = ByteBuffer(bytes: chunk)
        position += Int64(chunk.count)
        // Once is enough in memory, however long the client takes.
        chunk = []
        try await writer.write(buffer)
        guard position < range.upperBound else { break }
        chunk = try await services.reportingFaults {
          try await read(pieces, from: position, to: range.upperBound)
        }
      }
    }
  }

  /// The next piece, never short.
  private func read(_ pieces: DownloadPieces, from position: Int64, to end: Int64) async throws -> [UInt8] {
    let wanted = Int(min(Int64(pieces.byteCount), end - position))
    let bytes = try await blob.read(wanted, at: position)
    guard bytes.count == wanted else {
      throw BlobError.missing("object \(digest) from byte \(position + Int64(bytes.count)) on")
    }
    return bytes
  }
}

extension HTTPField.Name {
  static let reprDigest = HTTPField.Name("Repr-Digest")!
}
