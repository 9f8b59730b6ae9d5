/// What an `UploadChannelHandler` takes its requests from.
struct UploadCarrier {
  /// One request and its answer, beside others on the same connection; ends by itself, and is reset to end it early.
  let isStream: Bool
  /// The connection is TLS.
  let isSecure: Bool
  /// Of the connection, or of nothing for a stream.
  let receiving: LentBufferAllocator.Choice

  /// The content arrives in the very buffers that the event loop lent.
  var ownsBuffers: Bool { !isStream && !isSecure }
}

/// To be triggered towards a stream of HTTP/2: sends RST_STREAM with the code.
struct StreamReset {
  let code: Code

  enum Code { case noError, cancel }
}
