import Platform

/// The content of a request as it arrives.
package protocol UploadBody: AnyObject, Sendable {
  /// The next bytes, at least one chunk; nil at the clean end of the request.
  ///
  /// - Throws: `BodyInterrupted` when the connection broke or `interrupt` was called.
  func next() async throws(BodyInterrupted) -> [any ByteChunk]?
  /// Makes a waiting or the next call of `next` throw; what has arrived is handed out first.
  func interrupt()
}

package struct BodyInterrupted: Error, Sendable {
  package init() {}
}
