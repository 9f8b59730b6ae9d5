import AsyncHTTPClient
import NIOCore
import NIOHTTP1
import Vocabulary

/// What became of each file of a batch.
package struct BatchAnswer: Decodable, Sendable {
  package struct Item: Decodable, Sendable {
    package var path: String
    /// `stored`, `exists` or `refused`.
    package var status: String
    package var upload: String?
    /// SHA-256 of what the server has, in hexadecimal digits.
    package var digest: String?
    package var error: ItemError?

    /// The upload's id, whether it was told as an id or as an address.
    package var uploadID: UploadID? {
      upload.flatMap { $0.split(separator: "/").last }.flatMap { UploadID(String($0)) }
    }
  }
  package struct ItemError: Decodable, Sendable {
    package var code: String?
    package var title: String?
    package var detail: String?
  }
  package var items: [Item]
}

extension GatewayAPI {
  /// Sends whole files of a push in one request; `frames` as `BatchFrames` writes them.
  package func sendBatch(_ frames: ByteBuffer, to push: PushID, author: String? = nil) async throws
    -> BatchAnswer
  {
    let answer = try await send(
      .POST,
      server.resource(
        ["files", "batch"], query: [("push", push.text)] + (author.map { [("author", $0)] } ?? [])),
      fields: [("Accept", "application/json"), ("Content-Type", BatchFrames.mediaType)], body: .bytes(frames))
    return try json(BatchAnswer.self, answer)
  }
}

/// Writes the body of a batch: for each file the length of a header (32 bits, big-endian), the header, the content.
package enum BatchFrames {
  package static let mediaType = "application/vnd.sheaf.frames"

  /// Writes one file's frame; `content` must be all of the file.
  package static func append(
    _ file: SourceFile, content: ByteBuffer, digest: Digest, to frames: inout ByteBuffer
  ) {
    let header = header(of: file, size: content.readableBytes, digest: digest)
    frames.writeInteger(UInt32(header.utf8.count))
    frames.writeString(header)
    frames.writeImmutableBuffer(content)
  }

  /// An upper bound of the frame's length in bytes.
  static func estimatedBytes(of file: SourceFile) -> Int64 {
    file.size + Int64(2 * file.path.text.utf8.count) + 192
  }

  /// Written by hand: `mtime` is an exact decimal number, which no binary one is.
  private static func header(of file: SourceFile, size: Int, digest: Digest) -> String {
    var path = ""
    // A path of a bundle has no control characters.
    for scalar in file.path.text.unicodeScalars {
      if scalar == "\"" || scalar == "\\" { path.unicodeScalars.append("\\") }
      path.unicodeScalars.append(scalar)
    }
    return #"{"path":"\#(path)","size":\#(size),"#
      + #""mtime":\#(MetadataField.seconds(nanoseconds: file.modifiedNanoseconds)),"#
      + #""mode":"\#(MetadataField.octal(file.mode))","sha256":"\#(digest.hex)"}"#
  }
}
