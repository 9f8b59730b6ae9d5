import AsyncHTTPClient
import Foundation
import NIOCore
import NIOHTTP1
import Vocabulary

/// What the answer to a creation says.
package struct UploadCreation: Sendable, Equatable {
  package var id: UploadID
  /// How many bytes the upload has; nil when the server did not say.
  package var offset: Int64?
  /// Most bytes that one append may have; nil when the server did not say.
  package var mostAppendBytes: Int64?
}

/// What HEAD says of an upload.
package struct UploadHead: Sendable, Equatable {
  package var offset: Int64
  package var length: Int64?
  package var state: UploadState?
  /// Most bytes that one append may have; nil when the server did not say.
  package var mostAppendBytes: Int64?
}

extension GatewayAPI {
  private static let tus = ("Tus-Resumable", "1.0.0")
  private static let content = ("Content-Type", "application/offset+octet-stream")

  package func address(of upload: UploadID) -> String { server.resource(["files", upload.text]) }

  /// Creates an upload; `content`, when given, is the whole file.
  ///
  /// The id is taken from `Location` and its host is not: a proxy may name itself wrongly there, and files go to no
  /// place that the user did not name.
  package func createUpload(
    size: Int64, metadata: String, content: ByteBuffer? = nil
  ) async throws -> UploadCreation {
    var fields = [Self.tus, ("Upload-Length", String(size)), ("Upload-Metadata", metadata)]
    if content != nil { fields.append(Self.content) }
    let answer = try await send(
      .POST, server.text + "/files/", fields: fields, body: content.map { .bytes($0) })
    let path = answer.field("Location")?.split(separator: "?").first?.split(separator: "/").last ?? ""
    guard let id = UploadID(path) else {
      throw ClientError.unexpected("the new upload has no Location", status: answer.status)
    }
    return UploadCreation(
      id: id, offset: answer.uploadOffset ?? (size == 0 ? 0 : nil), mostAppendBytes: answer.mostAppendBytes)
  }

  package func head(_ id: UploadID) async throws -> UploadHead {
    let answer = try await send(.HEAD, address(of: id), fields: [Self.tus])
    guard let offset = answer.uploadOffset else {
      throw ClientError.unexpected("HEAD of an upload told no Upload-Offset", status: answer.status)
    }
    return UploadHead(
      offset: offset, length: answer.field("Upload-Length").flatMap { Int64($0) },
      state: answer.field("Upload-State").flatMap(UploadState.init(rawValue:)),
      mostAppendBytes: answer.mostAppendBytes)
  }

  /// Appends the body at `offset`; returns the new offset.
  package func append(
    to id: UploadID, at offset: Int64, count: Int64, body: HTTPClientRequest.Body
  ) async throws -> Int64 {
    let answer = try await send(
      .PATCH, address(of: id),
      fields: [Self.tus, Self.content, ("Upload-Offset", String(offset))], body: body)
    guard let reached = answer.uploadOffset, reached >= offset else {
      throw ClientError.unexpected("PATCH told a strange Upload-Offset", status: answer.status)
    }
    // Bytes that were never sent would be skipped by going on from there (B-8).
    guard reached <= offset + count else {
      throw ClientError.unexpected(
        "the server claims to have \(reached) bytes, of which only \(offset + count) were sent",
        status: answer.status)
    }
    return reached
  }

  /// Ends an upload and frees its path; done when it is gone already.
  package func deleteUpload(_ id: UploadID) async throws {
    do {
      _ = try await send(.DELETE, address(of: id), fields: [Self.tus])
    } catch let error as ClientError where error.meansGone {}
  }

  package func blocks(of id: UploadID) async throws -> BlocksAnswer {
    try await get(BlocksAnswer.self, ["files", id.text, "blocks"], patience: .patient)
  }

  /// Asks the server to compare its file with `digest`; a `ClientError` with `digest-mismatch` when they differ.
  package func verify(_ id: UploadID, _ digest: Digest) async throws {
    let content = try JSONEncoder().encode(["digest": digest.hex])
    _ = try await post(
      VerificationAnswer.self, ["files", id.text, "verify"], json: content, patience: .patient)
  }
}
